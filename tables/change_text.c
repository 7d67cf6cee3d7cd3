#include "tables/change_text.h"

#include "tables/address.h"
#include "tables/append.h"
#include "tables/change.h"
#include "tables/log.h"
#include "tables/object_brief.h"

/* ---- Pieces ---- */

#define MARK_SIZE 4

/* The type of a primary stands in capitals, as it is kept; types are letters and digits. */
static char *
put_type(char *at, TblSlice type, bool primary)
{
    return primary ? tbl_append_put(at, type) : tbl_append_put_lower(at, type);
}

static bool
is_short_and_plain(TblSlice text)
{
    return text.len <= TBL_CHANGE_SHOWN_MAX && tbl_slice_is_plain(text);
}

static void
append_shown(GString *out, TblSlice text)
{
    if (is_short_and_plain(text))
        (void)tbl_append_put(tbl_append_room(out, text.len), text);
    else
        tbl_log_append_escaped(out, text, TBL_CHANGE_SHOWN_MAX);
}

void
tbl_change_add_head(TblJson *json, const char *action, const char *class_name, TblSlice name)
{
    tbl_json_text(json, "type", "change");
    tbl_json_text(json, "action", action);
    tbl_json_text(json, "class", class_name);
    tbl_json_parts(json, "name", &name, 1);
}

void
tbl_change_append_head(GString *out, const char *action, const char *class_name, TblSlice name)
{
    TblSlice first = tbl_slice(action), second = tbl_slice(class_name);
    char *at = tbl_append_room(out, first.len + second.len + 2);
    at = tbl_append_put(at, first);
    *at++ = ' ';
    *tbl_append_put(at, second) = ' ';
    append_shown(out, name);
    g_string_append_c(out, '\n');
}

static char *
put_mark(char *at, char mark)
{
    const char bytes[] = {' ', ' ', mark, ' '};
    memcpy(at, bytes, sizeof bytes);
    return at + sizeof bytes;
}

void
tbl_change_append_item(GString *out, char mark, const char *what, TblSlice value)
{
    (void)put_mark(tbl_append_room(out, MARK_SIZE), mark);
    if (*what) {
        g_string_append(out, what);
        g_string_append_c(out, ' ');
    }
    append_shown(out, value);
    g_string_append_c(out, '\n');
}

void
tbl_change_append_proxy(GString *out, char mark, TblSlice type, TblSlice value, bool primary)
{
    bool plain = is_short_and_plain(value);
    gsize size = MARK_SIZE + type.len + 1;
    char *at = tbl_append_room(out, plain ? size + value.len + 1 : size);
    at = put_type(put_mark(at, mark), type, primary);
    *at++ = ':';
    if (plain) {
        *tbl_append_put(at, value) = '\n';
        return;
    }
    append_shown(out, value);
    g_string_append_c(out, '\n');
}

const char *
tbl_change_reference_name(guint kind)
{
    return kind == TBL_REFS_MEMBERS ? "member" : tbl_refs_name((TblRefs)kind);
}

/* ---- A created object from its encoding ---- */

bool
tbl_change_write_created_text(TblSlice encoded, GString *out)
{
    TblSkim skim;
    TblSlice type, value;
    TblRefs kind;
    bool primary;
    tbl_skim_begin(&skim, encoded);
    tbl_change_append_head(out, tbl_change_action(false, true), tbl_class_name(skim.object_class),
                           skim.name);
    while (tbl_skim_address(&skim, &type, &value, &primary))
        tbl_change_append_proxy(out, '+', type, value, primary);
    if (tbl_skim_target(&skim, &type, &value)) {
        g_autofree char *target =
            g_strdup_printf("%.*s:%.*s", (int)type.len, type.ptr, (int)value.len, value.ptr);
        tbl_change_append_item(out, '+', "target", tbl_slice(target));
    }
    while (tbl_skim_reference(&skim, &kind, &value))
        tbl_change_append_item(out, '+', tbl_change_reference_name(kind), value);
    return !skim.cursor.broken;
}

static void
append_json_proxy(TblJson *json, TblSlice type, TblSlice value, bool primary)
{
    char spelt[TBL_PROXY_TYPE_MAX];
    g_autofree char *longer = type.len > sizeof spelt ? g_malloc(type.len) : NULL;
    char *first = longer ? longer : spelt;
    (void)put_type(first, type, primary);
    const TblSlice parts[] = {{first, type.len}, {":", 1}, value};
    tbl_json_parts(json, NULL, parts, G_N_ELEMENTS(parts));
}

bool
tbl_change_write_created_json(TblSlice encoded, TblJson *json)
{
    TblSkim skim;
    TblSlice type, value;
    bool primary;
    tbl_skim_begin(&skim, encoded);
    tbl_change_add_head(json, tbl_change_action(false, true), tbl_class_name(skim.object_class),
                        skim.name);
    tbl_json_array_begin(json, "added");
    while (tbl_skim_address(&skim, &type, &value, &primary))
        append_json_proxy(json, type, value, primary);
    tbl_json_array_end(json);
    tbl_json_array_begin(json, "removed");
    tbl_json_array_end(json);
    tbl_json_array_begin(json, "promoted");
    tbl_json_array_end(json);
    return !skim.cursor.broken;
}
