#include "gif/references.h"

#include "tables/address.h"

struct GifReferences {
    GPtrArray *names;  /* char *; NULL where one was taken away */
    GHashTable *index; /* folded name -> index + 1 */
};

char *
gif_reference_verbatim(TblSlice name)
{
    while (name.len > 0 && (*name.ptr == ' ' || *name.ptr == '\t')) {
        name.ptr++;
        name.len--;
    }
    while (name.len > 0 && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t')) {
        name.len--;
    }
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) {
            return NULL;
        }
    }
    return name.len > 0 ? g_strndup(name.ptr, name.len) : NULL;
}

/* `cn=Ann,OU=Staff`, of which the comma in `cn=Lee, Ann` is no sign. */
static bool
is_ldap_name(TblSlice text)
{
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; at < end; at++) {
        if (*at == '\\') {
            at++;
        } else if (*at == ',') {
            const char *type = at + 1;
            while (type < end && *type == ' ') {
                type++;
            }
            const char *equals = type;
            while (equals < end && (g_ascii_isalnum(*equals) || *equals == '-' || *equals == '.')) {
                equals++;
            }
            if (equals > type && equals < end && *equals == '=') {
                return true;
            }
        }
    }
    return false;
}

char *
gif_reference_name(TblSlice text)
{
    static const char separator[] = "/cn=";
    size_t length = strlen(separator);
    TblSlice name = text;
    const size_t marker = strlen(GIF_REFERENCE_VERBATIM);
    bool verbatim =
        text.len >= marker && g_ascii_strncasecmp(text.ptr, GIF_REFERENCE_VERBATIM, marker) == 0;
    if (verbatim) {
        name = (TblSlice){text.ptr + marker, text.len - marker};
    }
    for (size_t i = 0; !verbatim && i + length <= text.len; i++) {
        if (g_ascii_strncasecmp(text.ptr + i, separator, length) == 0) {
            name = (TblSlice){text.ptr + i + length, text.len - i - length};
        }
    }
    bool whole = name.len == text.len;
    if (whole && text.len >= 3 && g_ascii_strncasecmp(text.ptr, "cn=", 3) == 0 &&
        !is_ldap_name(text)) {
        name = (TblSlice){text.ptr + 3, text.len - 3};
    } else if (whole && text.len >= 3 && g_ascii_strncasecmp(text.ptr, "/o=", 3) == 0) {
        return NULL;
    }
    return gif_reference_verbatim(name);
}

static char *
name_fold(const char *name)
{
    char *folded = tbl_text_fold(tbl_slice(name));
    return folded ? folded : g_strdup(name);
}

GifReferences *
gif_references_new(GPtrArray *list)
{
    GifReferences *references = g_new0(GifReferences, 1);
    references->names = g_ptr_array_new_with_free_func(g_free);
    references->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->len; i++) {
        gif_references_add(references, g_ptr_array_index(list, i));
    }
    g_ptr_array_set_size(list, 0);
    return references;
}

void
gif_references_free(GifReferences *references)
{
    if (references) {
        g_ptr_array_unref(references->names);
        g_hash_table_unref(references->index);
        g_free(references);
    }
}

bool
gif_references_add(GifReferences *references, const char *name)
{
    char *folded = name_fold(name);
    if (g_hash_table_contains(references->index, folded)) {
        g_free(folded);
        return false;
    }
    g_ptr_array_add(references->names, g_strdup(name));
    g_hash_table_insert(references->index, folded, GUINT_TO_POINTER(references->names->len));
    return true;
}

bool
gif_references_remove(GifReferences *references, const char *name)
{
    g_autofree char *folded = name_fold(name);
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(references->index, folded));
    if (found == 0) {
        return false;
    }
    g_clear_pointer(&g_ptr_array_index(references->names, found - 1), g_free);
    return g_hash_table_remove(references->index, folded);
}

bool
gif_references_contains(const GifReferences *references, const char *name)
{
    g_autofree char *folded = name_fold(name);
    return g_hash_table_contains(references->index, folded);
}

void
gif_references_clear(GifReferences *references)
{
    g_ptr_array_set_size(references->names, 0);
    g_hash_table_remove_all(references->index);
}

guint
gif_references_count(const GifReferences *references)
{
    return g_hash_table_size(references->index);
}

void
gif_references_copy(const GifReferences *references, GPtrArray *list)
{
    for (guint i = 0; i < references->names->len; i++) {
        const char *name = g_ptr_array_index(references->names, i);
        if (name) {
            g_ptr_array_add(list, g_strdup(name));
        }
    }
}
