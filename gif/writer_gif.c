#include "gif/escape.h"
#include "gif/schema.h"
#include "gif/writer_format.h"

/* Of one row, well under GIF_RECORD_MAX: what is over goes to a further row of the same object. */
#define ROW_BYTES_MAX (256 * 1024)
/* Of one field in one row, under GIF_VALUES_MAX. */
#define ROW_VALUES_MAX 2000

typedef struct {
    const char *name;
    GifColumnKind kind;
    guint which;
    bool always; /* else only where an object uses it */
} Column;

/* The first thirteen are Exchange's own export, in its order (KB Q188628). */
static const Column known_columns[] = {
    {"Obj-Class", GIF_COLUMN_CLASS, 0, true},
    {"First Name", GIF_COLUMN_TEXT, TBL_TEXT_FIRST, true},
    {"Last name", GIF_COLUMN_TEXT, TBL_TEXT_LAST, true},
    {"Display Name", GIF_COLUMN_TEXT, TBL_TEXT_DISPLAY, true},
    {"Alias Name", GIF_COLUMN_TEXT, TBL_TEXT_ALIAS, true},
    {"Directory Name", GIF_COLUMN_NAME, 0, true},
    {"Primary Windows NT Account", GIF_COLUMN_TEXT, TBL_TEXT_ACCOUNT, true},
    {"Home-Server", GIF_COLUMN_TEXT, TBL_TEXT_HOME_SERVER, true},
    {"E-mail address", GIF_COLUMN_TARGET, 0, true},
    {"E-mail Addresses", GIF_COLUMN_PRIMARIES, 0, true},
    {"Members", GIF_COLUMN_REFERENCES, TBL_REFS_MEMBERS, true},
    {"Obj-Container", GIF_COLUMN_TEXT, TBL_TEXT_CONTAINER, true},
    {"Hide from AB", GIF_COLUMN_HIDDEN, 0, true},
    {"Secondary-Proxy-Addresses", GIF_COLUMN_SECONDARIES, 0, true},
    {"Initials", GIF_COLUMN_TEXT, TBL_TEXT_INITIALS, false},
    {"Alt-Recipient", GIF_COLUMN_REFERENCE, TBL_TEXT_FORWARD, false},
    {"Deliver-And-Redirect", GIF_COLUMN_REDIRECT, 0, false},
    {"Require-Auth-To-Send-To", GIF_COLUMN_AUTHENTICATED, 0, false},
    {"Deliv-Cont-Length", GIF_COLUMN_LIMIT_IN, 0, false},
    {"Submission-Cont-Length", GIF_COLUMN_LIMIT_OUT, 0, false},
    {"Auth-Orig", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM, false},
    {"Unauth-Orig", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM, false},
    {"DL-Mem-Submit-Perms", GIF_COLUMN_REFERENCES, TBL_REFS_ACCEPT_FROM_DL, false},
    {"DL-Mem-Reject-Perms", GIF_COLUMN_REFERENCES, TBL_REFS_REJECT_FROM_DL, false},
};
#define KNOWN G_N_ELEMENTS(known_columns)

/* A field of the row that is being written. */
typedef struct {
    GString *text; /* escaped, not quoted */
    guint values;
    bool quote;
} Field;

struct GifWriterGif {
    bool used[KNOWN];
    GHashTable *others; /* attribute name -> index + 1 in `fields`, set by begin */
    GArray *fields;     /* Field: known columns, then others by name */
    gsize bytes;        /* of the row so far */
    guint filled;       /* fields of the row */
    guint rows;         /* of the object */
    const TblObject *object;
    GString *out;
};

static void
field_clear(gpointer data)
{
    g_string_free(((Field *)data)->text, TRUE);
}

GifWriterGif *
gif_writer_gif_new(void)
{
    GifWriterGif *writer = g_new0(GifWriterGif, 1);
    writer->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    writer->fields = g_array_new(FALSE, FALSE, sizeof(Field));
    g_array_set_clear_func(writer->fields, field_clear);
    return writer;
}

void
gif_writer_gif_free(GifWriterGif *writer)
{
    if (writer) {
        g_hash_table_unref(writer->others);
        g_array_unref(writer->fields);
        g_free(writer);
    }
}

/* ---- Which columns ---- */

static bool
is_used(const Column *column, const TblObject *object)
{
    switch (column->kind) {
    case GIF_COLUMN_TEXT:
    case GIF_COLUMN_REFERENCE:
        return object->text[column->which] != NULL;
    case GIF_COLUMN_REFERENCES:
        return object->refs[column->which]->len > 0;
    case GIF_COLUMN_REDIRECT:
        return object->deliver_and_redirect;
    case GIF_COLUMN_AUTHENTICATED:
        return object->authenticated_only;
    case GIF_COLUMN_LIMIT_IN:
        return object->limit_in != TBL_LIMIT_NONE;
    case GIF_COLUMN_LIMIT_OUT:
        return object->limit_out != TBL_LIMIT_NONE;
    default:
        return true;
    }
}

void
gif_writer_gif_survey(GifWriterGif *writer, const TblObject *object)
{
    for (guint i = 0; i < KNOWN; i++) {
        writer->used[i] = writer->used[i] || is_used(&known_columns[i], object);
    }
    for (guint i = 0; i + 1 < object->other->len; i += 2) {
        const char *name = g_ptr_array_index(object->other, i);
        if (!g_hash_table_contains(writer->others, name)) {
            g_hash_table_add(writer->others, g_strdup(name));
        }
    }
}

static bool
is_written(const GifWriterGif *writer, guint index)
{
    return index >= KNOWN || known_columns[index].always || writer->used[index];
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

void
gif_writer_gif_begin(GifWriterGif *writer, GString *out)
{
    g_autoptr(GList) names = g_hash_table_get_keys(writer->others);
    names = g_list_sort(names, compare_names);
    for (guint i = 0; i < KNOWN; i++) {
        if (is_written(writer, i)) {
            g_string_append_printf(out, "%s%s", i > 0 ? "," : "", known_columns[i].name);
        }
    }
    guint index = KNOWN;
    for (const GList *at = names; at; at = at->next) {
        g_string_append_printf(out, ",%s", (const char *)at->data);
        g_hash_table_replace(writer->others, g_strdup(at->data), GUINT_TO_POINTER(++index));
    }
    g_string_append(out, "\r\n");
    for (guint i = 0; i < index; i++) {
        Field field = {.text = g_string_new(NULL)};
        g_array_append_val(writer->fields, field);
    }
}

/* ---- Rows ---- */

static Field *
field_at(const GifWriterGif *writer, guint index)
{
    return &g_array_index(writer->fields, Field, index);
}

static void
field_write(const Field *field, GString *out)
{
    if (!field->quote) {
        g_string_append_len(out, field->text->str, (gssize)field->text->len);
        return;
    }
    g_string_append_c(out, '"');
    for (gsize i = 0; i < field->text->len; i++) {
        if (field->text->str[i] == '"') {
            g_string_append_c(out, '"');
        }
        g_string_append_c(out, field->text->str[i]);
    }
    g_string_append_c(out, '"');
}

static void
key_set(GifWriterGif *writer)
{
    for (guint i = 0; i < KNOWN; i++) {
        Field *field = field_at(writer, i);
        if (known_columns[i].kind == GIF_COLUMN_CLASS) {
            g_string_assign(field->text, tbl_class_name(writer->object->object_class));
        } else if (known_columns[i].kind == GIF_COLUMN_NAME) {
            gif_escape_append(field->text, writer->object->name, false);
            field->quote = gif_escape_needs_quotes(writer->object->name);
        }
    }
}

/* Ends the row: what comes next stands in a further one of the same object. */
static void
row_end(GifWriterGif *writer)
{
    key_set(writer);
    for (guint i = 0; i < writer->fields->len; i++) {
        Field *field = field_at(writer, i);
        if (is_written(writer, i)) {
            if (i > 0) {
                g_string_append_c(writer->out, ',');
            }
            field_write(field, writer->out);
        }
        g_string_truncate(field->text, 0);
        field->values = 0;
        field->quote = false;
    }
    g_string_append(writer->out, "\r\n");
    writer->bytes = 0;
    writer->filled = 0;
    writer->rows++;
}

/* Adds a value to a field, in the next row if this one is full. */
static void
value_add(GifWriterGif *writer, guint index, const char *escaped, bool quote)
{
    Field *field = field_at(writer, index);
    gsize length = strlen(escaped);
    if (writer->filled > 0 &&
        (writer->bytes + length > ROW_BYTES_MAX || field->values >= ROW_VALUES_MAX)) {
        row_end(writer);
    }
    if (field->values > 0) {
        g_string_append_c(field->text, GIF_ESCAPE_MV);
    }
    g_string_append_len(field->text, escaped, (gssize)length);
    field->quote = field->quote || quote;
    field->values++;
    writer->filled++;
    writer->bytes += length + 1;
}

static void
text_add(GifWriterGif *writer, guint index, const char *text, bool multi)
{
    g_autoptr(GString) escaped = g_string_new(NULL);
    gif_escape_append(escaped, text, multi);
    value_add(writer, index, escaped->str, gif_escape_needs_quotes(text));
}

static void
reference_add(GifWriterGif *writer, guint index, const char *reference, bool multi)
{
    g_autofree char *text = gif_escape_reference(reference);
    text_add(writer, index, text, multi);
}

/* ---- Objects ---- */

static guint
column_of(GifColumnKind kind)
{
    guint index = 0;
    while (known_columns[index].kind != kind) {
        index++;
    }
    return index;
}

static void
proxy_add(GifWriterGif *writer, GifColumnKind kind, const TblProxy *proxy)
{
    g_autofree char *type = kind == GIF_COLUMN_SECONDARIES ? g_ascii_strdown(proxy->type, -1)
                                                           : g_ascii_strup(proxy->type, -1);
    g_autofree char *text = g_strconcat(type, ":", proxy->value, NULL);
    text_add(writer, column_of(kind), text, kind != GIF_COLUMN_TARGET);
}

/* A new custom recipient without a primary of its target's type gets the target as one: that goes
 * before anything else of the type comes. */
static void
target_add(GifWriterGif *writer)
{
    const TblProxy *target = writer->object->target;
    if (!target) {
        return;
    }
    proxy_add(writer, GIF_COLUMN_TARGET, target);
    const TblProxy *primary = tbl_object_primary(writer->object, target->type);
    if (primary) {
        proxy_add(writer, GIF_COLUMN_PRIMARIES, primary);
        return;
    }
    g_autofree char *removal = g_strdup_printf("~DEL<%s:>", target->type);
    row_end(writer);
    value_add(writer, column_of(GIF_COLUMN_PRIMARIES), removal, false);
    row_end(writer);
}

static void
addresses_add(GifWriterGif *writer)
{
    const TblObject *object = writer->object;
    target_add(writer);
    const TblProxy *written =
        object->target ? tbl_object_primary(object, object->target->type) : NULL;
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < object->addresses->len; i++) {
            const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
            if (proxy->primary == (pass == 0) && proxy != written) {
                proxy_add(writer, pass == 0 ? GIF_COLUMN_PRIMARIES : GIF_COLUMN_SECONDARIES, proxy);
            }
        }
    }
}

static void
number_add(GifWriterGif *writer, guint index, gint64 number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    value_add(writer, index, text, false);
}

static void
text_column_add(GifWriterGif *writer, guint index, guint which)
{
    const char *text = writer->object->text[which];
    if (text && which == TBL_TEXT_ACCOUNT) {
        g_autoptr(GString) account = g_string_new(NULL);
        gif_escape_append_account(account, text);
        value_add(writer, index, account->str, gif_escape_needs_quotes(text));
    } else if (text && which == TBL_TEXT_FORWARD) {
        reference_add(writer, index, text, false);
    } else if (text) {
        text_add(writer, index, text, false);
    }
}

static void
references_add(GifWriterGif *writer, guint index, guint which)
{
    const GPtrArray *refs = writer->object->refs[which];
    /* Of others than lists the column would name the lists that they belong to. */
    bool theirs = which != TBL_REFS_MEMBERS || writer->object->object_class == TBL_CLASS_DL;
    for (guint i = 0; theirs && i < refs->len; i++) {
        reference_add(writer, index, g_ptr_array_index(refs, i), true);
    }
}

static void
column_add(GifWriterGif *writer, guint index)
{
    const TblObject *object = writer->object;
    const Column *column = &known_columns[index];
    switch (column->kind) {
    case GIF_COLUMN_TEXT:
    case GIF_COLUMN_REFERENCE:
        text_column_add(writer, index, column->which);
        break;
    case GIF_COLUMN_REFERENCES:
        references_add(writer, index, column->which);
        break;
    case GIF_COLUMN_HIDDEN:
        number_add(writer, index, object->hidden ? 1 : 0);
        break;
    case GIF_COLUMN_REDIRECT:
    case GIF_COLUMN_AUTHENTICATED:
        if (is_used(column, object)) {
            number_add(writer, index, 1);
        }
        break;
    case GIF_COLUMN_LIMIT_IN:
    case GIF_COLUMN_LIMIT_OUT: {
        gint64 limit = column->kind == GIF_COLUMN_LIMIT_IN ? object->limit_in : object->limit_out;
        if (limit != TBL_LIMIT_NONE) {
            number_add(writer, index, limit);
        }
        break;
    }
    default:
        break;
    }
}

void
gif_writer_gif_add(GifWriterGif *writer, const TblObject *object, GString *out)
{
    writer->object = object;
    writer->out = out;
    writer->rows = 0;
    addresses_add(writer);
    for (guint i = 0; i < KNOWN; i++) {
        column_add(writer, i);
    }
    for (guint i = 0; i + 1 < object->other->len; i += 2) {
        guint index = GPOINTER_TO_UINT(
            g_hash_table_lookup(writer->others, g_ptr_array_index(object->other, i)));
        if (index > 0) {
            text_add(writer, index - 1, g_ptr_array_index(object->other, i + 1), false);
        }
    }
    if (writer->filled > 0 || writer->rows == 0) {
        row_end(writer);
    }
}
