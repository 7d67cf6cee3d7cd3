/* Cuts a CSV file with libcsv and does nothing with it: what a dry run is measured against. */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE ((size_t)1 << 20)

typedef struct {
    unsigned long fields, rows, bytes;
} Counts;

static void
field(void *text, size_t length, void *data)
{
    Counts *counts = data;
    counts->fields++;
    counts->bytes += length;
}

static void
row(int end, void *data)
{
    ((Counts *)data)->rows++;
}

int
main(int argc, char **argv)
{
    Counts counts = {0, 0, 0};
    struct csv_parser parser;
    FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
    char *piece = malloc(PIECE);
    size_t got;
    if (!in || !piece || csv_init(&parser, 0) != 0) {
        fprintf(stderr, "scan FILE\n");
        return 2;
    }
    while ((got = fread(piece, 1, PIECE, in)) > 0) {
        if (csv_parse(&parser, piece, got, field, row, &counts) != got) {
            fprintf(stderr, "scan: %s\n", csv_strerror(csv_error(&parser)));
            return 1;
        }
    }
    csv_fini(&parser, field, row, &counts);
    printf("%lu rows, %lu fields, %lu bytes\n", counts.rows, counts.fields, counts.bytes);
    csv_free(&parser);
    free(piece);
    fclose(in);
    return 0;
}
