#include "gif/proxies_state.h"

static void
removal_clear(gpointer data)
{
    g_free(((GifRemoval *)data)->key);
    g_free(((GifRemoval *)data)->shown);
}

static GArray *
array_new(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, FALSE, size);
    if (clear) {
        g_array_set_clear_func(array, clear);
    }
    return array;
}

GifProxies *
gif_proxies_new(bool compat)
{
    GifProxies *proxies = g_new0(GifProxies, 1);
    proxies->compat = compat;
    proxies->slots = array_new(sizeof(GifSlot), NULL);
    proxies->wanted = array_new(sizeof(GifWanted), NULL);
    proxies->removals = array_new(sizeof(GifRemoval), removal_clear);
    proxies->slot_by_key = gif_index_new();
    proxies->wanted_by_key = gif_index_new();
    proxies->primary_by_type = gif_index_new();
    proxies->wanted_by_type = gif_index_new();
    proxies->keys = g_ptr_array_new_with_free_func(g_free);
    return proxies;
}

void
gif_proxies_free(GifProxies *proxies)
{
    if (proxies) {
        gif_index_free(proxies->slot_by_key);
        gif_index_free(proxies->wanted_by_key);
        gif_index_free(proxies->primary_by_type);
        gif_index_free(proxies->wanted_by_type);
        g_ptr_array_unref(proxies->keys);
        g_array_unref(proxies->slots);
        g_array_unref(proxies->wanted);
        g_array_unref(proxies->removals);
        g_free(proxies);
    }
}

GifSlot *
gif_proxies_slot(const GifProxies *proxies, guint index)
{
    return &g_array_index(proxies->slots, GifSlot, index);
}

void
gif_proxies_push(GifProxies *proxies, GifSlot slot)
{
    guint index = proxies->slots->len;
    g_array_append_val(proxies->slots, slot);
    gif_index_set(proxies->slot_by_key, slot.key, index);
    if (slot.primary && !slot.dead) {
        gif_index_set(proxies->primary_by_type, slot.type, index);
    }
}

void
gif_proxies_begin(GifProxies *proxies, const GPtrArray *addresses)
{
    gif_index_clear(proxies->slot_by_key);
    gif_index_clear(proxies->wanted_by_key);
    gif_index_clear(proxies->primary_by_type);
    gif_index_clear(proxies->wanted_by_type);
    g_ptr_array_set_size(proxies->keys, 0);
    g_array_set_size(proxies->slots, 0);
    g_array_set_size(proxies->wanted, 0);
    g_array_set_size(proxies->removals, 0);
    proxies->creating = addresses == NULL;
    proxies->changed = false;
    for (guint i = 0; addresses && i < addresses->len; i++) {
        TblProxy *proxy = g_ptr_array_index(addresses, i);
        const char *key = tbl_proxy_own_key(proxy);
        if (!key) {
            /* A stored address always has one; without it is kept and never matched. */
            key = g_strdup_printf("%c%u", GIF_NO_KEY, i);
            g_ptr_array_add(proxies->keys, (gpointer)key);
        }
        gif_proxies_push(proxies, (GifSlot){.type = proxy->type,
                                            .value = proxy->value,
                                            .key = key,
                                            .primary = proxy->primary,
                                            .was_primary = proxy->primary});
    }
}

/* ---- Reading the cells ---- */

static void
removal_add(GifProxies *proxies, GifRemoval removal, TblSlice type, TblSlice value)
{
    removal.shown =
        g_strdup_printf("%.*s:%.*s", (int)type.len, type.ptr, (int)MIN(value.len, 128), value.ptr);
    if (value.len == 0) {
        for (size_t i = 0; i < type.len; i++) {
            removal.type[i] = g_ascii_toupper(type.ptr[i]);
        }
    } else {
        removal.key = tbl_proxy_key(type, value);
    }
    g_array_append_val(proxies->removals, removal);
}

void
gif_proxies_remove(GifProxies *proxies, bool primaries, const char *column, const GifLexer *lexer,
                   const GifCell *cell, GifNotes *notes)
{
    if (cell->kind == GIF_CELL_CLEAR) {
        GifRemoval all = {
            .primaries = primaries, .column = column, .all = true, .shown = g_strdup("")};
        g_array_append_val(proxies->removals, all);
    }
    for (guint i = 0; cell->kind == GIF_CELL_REMOVE && i < cell->count; i++) {
        TblSlice text = gif_lexer_value(lexer, cell, i)->text, type, value;
        if (tbl_proxy_split(text, &type, &value) != 0) {
            gif_notes_add(notes, GIF_ERROR, 245, column,
                          "~DEL<%.*s> names no address: write ~DEL<TYPE:address> or ~DEL<TYPE:>",
                          (int)MIN(text.len, 128), text.ptr);
            return;
        }
        removal_add(proxies,
                    (GifRemoval){.primaries = primaries, .column = column, .quiet = cell->quiet},
                    type, value);
    }
}

/* Event 243: the same address twice in a row. The primary stays, else the first. */
static void
duplicate_resolve(GifProxies *proxies, GifWanted *wanted, guint other_index, GifNotes *notes)
{
    GifWanted *other = &g_array_index(proxies->wanted, GifWanted, other_index);
    bool takes_over = wanted->primary && !other->primary;
    (takes_over ? other : wanted)->dropped = true;
    bool refused = proxies->compat && g_strcmp0(wanted->column, other->column) == 0;
    gif_notes_add(notes, refused ? GIF_ERROR : GIF_WARNING, 243, wanted->column,
                  "%s:%s stands twice in this %s; it counts once%s", wanted->proxy->type,
                  wanted->proxy->value, refused ? "field" : "row",
                  wanted->primary != other->primary ? ", as the primary" : "");
    if (takes_over) {
        gif_index_set(proxies->wanted_by_key, wanted->proxy->key, proxies->wanted->len);
    }
}

/* The meaning of a type in small letters in the column of primaries. */
static void
primary_check(GifProxies *proxies, GifWanted *wanted, GifNotes *notes)
{
    if (wanted->proxy->lower && !wanted->proxy->bare && !proxies->compat) {
        gif_notes_add(notes, GIF_WARNING, 233, wanted->column,
                      "the type of %s:%s is written in small letters: taken as a secondary address",
                      wanted->proxy->type, wanted->proxy->value);
        wanted->primary = false;
    }
}

/* False: the row wants a primary of the type (borrowed) already. */
static bool
type_add(GifProxies *proxies, const char *type)
{
    guint unused;
    if (gif_index_get(proxies->wanted_by_type, type, &unused)) {
        return false;
    }
    gif_index_set(proxies->wanted_by_type, type, 0);
    return true;
}

static void
wanted_add(GifProxies *proxies, GifWanted wanted, GifNotes *notes)
{
    guint other;
    if (gif_index_get(proxies->wanted_by_key, wanted.proxy->key, &other)) {
        duplicate_resolve(proxies, &wanted, other, notes);
    } else {
        gif_index_set(proxies->wanted_by_key, wanted.proxy->key, proxies->wanted->len);
    }
    if (wanted.primary && !wanted.dropped && !type_add(proxies, wanted.proxy->type)) {
        gif_notes_add(notes, GIF_ERROR, 233, wanted.column,
                      "a second primary address of type %s: %s; of each type one is the primary, "
                      "the others belong into "
                      "Secondary-Proxy-Addresses",
                      wanted.proxy->type, wanted.proxy->value);
    }
    g_array_append_val(proxies->wanted, wanted);
}

/* Exchange's way to blank an address: `SMTP:` and nothing behind it (KB Q170378). */
static bool
blank_smtp(GifProxies *proxies, bool primaries, const char *column, TblSlice text, GifNotes *notes)
{
    TblSlice type, value;
    if (!proxies->compat || tbl_proxy_split(text, &type, &value) != 0 || value.len > 0 ||
        type.len != 4 || g_ascii_strncasecmp(type.ptr, "SMTP", 4) != 0) {
        return false;
    }
    if (proxies->creating) {
        gif_notes_add(notes, GIF_ERROR, 241, column,
                      "an object that is created has no SMTP address to remove");
    }
    removal_add(proxies, (GifRemoval){.primaries = primaries, .column = column}, type, value);
    return true;
}

static void
value_add(GifProxies *proxies, bool primaries, const char *column, const GifProxy *proxy,
          GifNotes *notes)
{
    GifWanted wanted = {.proxy = proxy, .primary = primaries, .column = column};
    if (proxy->bare) {
        gif_notes_add(notes, GIF_WARNING, 230, column, "%s has no type; taken as SMTP:%s",
                      proxy->value, proxy->value);
    }
    if (proxy->trimmed) {
        gif_notes_add(notes, GIF_WARNING, GIF_CODE_BLANKS_TRIMMED, column,
                      "blanks around %s:%s were taken off", proxy->type, proxy->value);
    }
    if (primaries) {
        primary_check(proxies, &wanted, notes);
    }
    wanted_add(proxies, wanted, notes);
}

void
gif_proxies_add(GifProxies *proxies, bool primaries, const char *column, const GifBlock *block,
                const GifCell *cell, GifNotes *notes)
{
    for (guint i = 0; cell->kind == GIF_CELL_VALUES && i < cell->count && !gif_notes_failed(notes);
         i++) {
        TblSlice text = gif_lexer_value(gif_block_lexer(block), cell, i)->text;
        const GifBlockProxy *parsed = gif_block_proxy(block, cell, i);
        if (blank_smtp(proxies, primaries, column, text, notes)) {
            continue;
        }
        if (parsed->fault != 0) {
            gif_notes_add(notes, GIF_ERROR, parsed->fault, column, "%s", parsed->reason);
            return;
        }
        value_add(proxies, primaries, column, &parsed->proxy, notes);
    }
}

bool
gif_proxies_has_primary(const GifProxies *proxies, const char *type)
{
    guint unused;
    return gif_index_get(proxies->wanted_by_type, type, &unused);
}

void
gif_proxies_add_implied(GifProxies *proxies, const GifProxy *proxy)
{
    guint other;
    if (gif_proxies_has_primary(proxies, proxy->type)) {
        return;
    }
    proxies->implied = *proxy;
    (void)type_add(proxies, proxies->implied.type);
    if (gif_index_get(proxies->wanted_by_key, proxy->key, &other)) {
        g_array_index(proxies->wanted, GifWanted, other).primary = true;
        return;
    }
    GifWanted wanted = {.proxy = &proxies->implied, .primary = true};
    gif_index_set(proxies->wanted_by_key, wanted.proxy->key, proxies->wanted->len);
    g_array_append_val(proxies->wanted, wanted);
}
