#include "gif/intake.h"

#include "gif/signature.h"
#include "gif/source.h"

typedef struct {
    const GifRunOptions *options;
    GifDiagnostics *diagnostics;
} Intake;

static void
file_error(const Intake *intake, int code, const char *prefix, const char *reason)
{
    g_autofree char *message = g_strconcat(prefix, reason, NULL);
    gif_diagnostics_add(intake->diagnostics, GIF_ERROR, code, 1, NULL, NULL, message);
}

/* Looks for the signature of the input, which stands at `index` of the files. False when the run is
 * refused for it. */
static bool
input_verify(const Intake *intake, gsize index, GifInput *input)
{
    const GifRunOptions *options = intake->options;
    TblSlice content = {input->bytes, input->length};
    g_autoptr(GError) error = NULL;
    g_autofree char *beside = g_strconcat(input->path, ".p7s", NULL);
    if (!options->trust) {
        return true;
    }
    if (!options->signatures && g_str_equal(input->path, "-")) {
        file_error(intake, GIF_CODE_SIGNATURE,
                   "is not signed: ", "standard input needs --signature=FILE");
        return false;
    }
    const char *path = options->signatures ? options->signatures[index] : beside;
    input->signer = gif_signature_verify_file(options->trust, path, content, &error);
    if (!input->signer) {
        file_error(intake, GIF_CODE_SIGNATURE, "refused for its signature: ", error->message);
    }
    return input->signer != NULL;
}

/* A dry run that leaves nothing behind needs no check sums. */
static bool
is_digest_wanted(const GifRunOptions *options)
{
    return !options->dry_run || options->plan_out || options->report;
}

/* The bytes of all files that can be read. Not a byte of one is interpreted before the signatures
 * of all are verified: false when one is not. */
static bool
inputs_read(const Intake *intake, GPtrArray *inputs)
{
    bool good = true;
    for (gsize i = 0; intake->options->files[i]; i++) {
        g_autoptr(GError) error = NULL;
        GifInput *input = gif_input_read(intake->options->files[i], &error);
        gif_diagnostics_set_file(intake->diagnostics, intake->options->files[i]);
        if (!input) {
            file_error(intake, 224, "", error->message);
            continue;
        }
        good = input_verify(intake, i, input) && good;
        if (is_digest_wanted(intake->options)) {
            gif_input_digest(input);
        }
        g_ptr_array_add(inputs, input);
    }
    return good;
}

/* The input, which it takes, as a source of rows; NULL when it told why not. */
static GifSource *
source_read(const Intake *intake, GifInput *taken)
{
    const GifRunOptions *options = intake->options;
    GifSeparators separators = {options->column, options->quote, options->mv, options->plan.compat};
    g_autoptr(GifNotes) notes = gif_notes_new();
    GifTextFault fault = {0};
    g_autoptr(GifInput) input = taken;
    GifSource *source = NULL;
    gif_diagnostics_set_file(intake->diagnostics, input->path);
    if (!gif_input_decode(input, options->codepage, &fault)) {
        g_autofree char *message =
            g_strdup_printf("character %" G_GSIZE_FORMAT ": %s", fault.column, fault.message);
        gif_diagnostics_add(intake->diagnostics, GIF_ERROR, GIF_CODE_ENCODING, fault.line, NULL,
                            NULL, message);
    } else {
        GifReading reading = {options->plan.mode, options->plan.overwrite, options->plan.compat};
        source =
            gif_source_new(g_steal_pointer(&input), options->format, separators, reading, notes);
    }
    gif_notes_flush(notes, intake->diagnostics, 1, NULL);
    gif_text_fault_clear(&fault);
    return source;
}

bool
gif_intake_read(const GifRunOptions *options, GifDiagnostics *diagnostics, GPtrArray *sources)
{
    const Intake intake = {options, diagnostics};
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)gif_input_free);
    if (!inputs_read(&intake, inputs)) {
        return false;
    }
    while (inputs->len > 0) {
        GifSource *source = source_read(&intake, g_ptr_array_steal_index(inputs, 0));
        if (source) {
            g_ptr_array_add(sources, source);
        }
    }
    return true;
}
