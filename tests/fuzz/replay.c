/* Runs a fuzz target over each file of a corpus: replay FOLDER. Fails when there is none. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean
replay_file(const char *path)
{
    g_autofree char *content = NULL;
    g_autofree uint8_t *exact = NULL;
    gsize length;

    if (!g_file_get_contents(path, &content, &length, NULL))
        return FALSE;
    /* Without GLib's NUL behind the end, so that AddressSanitizer sees a read over it. */
    exact = g_malloc(length > 0 ? length : 1);
    for (gsize i = 0; i < length; i++)
        exact[i] = (uint8_t)content[i];
    LLVMFuzzerTestOneInput(exact, length);
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GDir) folder = argc == 2 ? g_dir_open(argv[1], 0, NULL) : NULL;
    guint files = 0;

    for (const char *name = folder ? g_dir_read_name(folder) : NULL; name;
         name = g_dir_read_name(folder)) {
        g_autofree char *path = g_build_filename(argv[1], name, NULL);

        if (!replay_file(path)) {
            g_printerr("replay: %s cannot be read\n", path);
            return 1;
        }
        files++;
    }
    g_print("%u inputs\n", files);
    return files > 0 ? 0 : 1;
}
