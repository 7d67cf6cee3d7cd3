#include "gif/proxies.h"

#include "tables/claim.h"

/* One address of the object, before or after. */
typedef struct {
    const char *type, *value; /* borrowed from the object or from a wanted one */
    char *key;
    bool primary, was_primary;
    bool dead;
    bool listed; /* the row names it */
} Slot;

typedef struct {
    GifProxy proxy;
    bool primary;
    bool dropped; /* a duplicate within the row */
    const char *column;
} Wanted;

typedef struct {
    bool primaries; /* of the column of primaries */
    bool all;
    char type[TBL_PROXY_TYPE_MAX + 1]; /* all of a type, else a single key */
    char *key;
    char *shown;
    const char *column;
} Removal;

struct GifProxies {
    bool compat, creating, changed;
    GArray *slots, *wanted, *removals;
    GHashTable *slot_by_key, *wanted_by_key; /* key -> index + 1 */
    GHashTable *primary_by_type;             /* type -> index + 1 of the live primary slot */
    GHashTable *wanted_by_type;              /* types of which the row wants a primary */
};

static void
slot_clear(gpointer data)
{
    g_free(((Slot *)data)->key);
}

static void
wanted_clear(gpointer data)
{
    gif_proxy_clear(&((Wanted *)data)->proxy);
}

static void
removal_clear(gpointer data)
{
    g_free(((Removal *)data)->key);
    g_free(((Removal *)data)->shown);
}

static GArray *
array_new(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, FALSE, size);
    g_array_set_clear_func(array, clear);
    return array;
}

GifProxies *
gif_proxies_new(bool compat)
{
    GifProxies *proxies = g_new0(GifProxies, 1);
    proxies->compat = compat;
    proxies->slots = array_new(sizeof(Slot), slot_clear);
    proxies->wanted = array_new(sizeof(Wanted), wanted_clear);
    proxies->removals = array_new(sizeof(Removal), removal_clear);
    proxies->slot_by_key = g_hash_table_new(g_str_hash, g_str_equal);
    proxies->wanted_by_key = g_hash_table_new(g_str_hash, g_str_equal);
    proxies->primary_by_type = g_hash_table_new(g_str_hash, g_str_equal);
    proxies->wanted_by_type = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return proxies;
}

void
gif_proxies_free(GifProxies *proxies)
{
    if (proxies) {
        g_hash_table_unref(proxies->slot_by_key);
        g_hash_table_unref(proxies->wanted_by_key);
        g_hash_table_unref(proxies->primary_by_type);
        g_hash_table_unref(proxies->wanted_by_type);
        g_array_unref(proxies->slots);
        g_array_unref(proxies->wanted);
        g_array_unref(proxies->removals);
        g_free(proxies);
    }
}

static void
index_set(GHashTable *table, const char *key, guint index)
{
    g_hash_table_insert(table, (gpointer)key, GUINT_TO_POINTER(index + 1));
}

/* False: not there. */
static bool
index_get(GHashTable *table, const char *key, guint *index)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(table, key));
    *index = found - 1;
    return found > 0;
}

static Slot *
slot_at(const GifProxies *proxies, guint index)
{
    return &g_array_index(proxies->slots, Slot, index);
}

static void
slot_push(GifProxies *proxies, Slot slot)
{
    guint index = proxies->slots->len;
    g_array_append_val(proxies->slots, slot);
    index_set(proxies->slot_by_key, slot.key, index);
    if (slot.primary && !slot.dead) {
        g_hash_table_replace(proxies->primary_by_type, (gpointer)slot.type,
                             GUINT_TO_POINTER(index + 1));
    }
}

void
gif_proxies_begin(GifProxies *proxies, const GPtrArray *addresses)
{
    g_hash_table_remove_all(proxies->slot_by_key);
    g_hash_table_remove_all(proxies->wanted_by_key);
    g_hash_table_remove_all(proxies->primary_by_type);
    g_hash_table_remove_all(proxies->wanted_by_type);
    g_array_set_size(proxies->slots, 0);
    g_array_set_size(proxies->wanted, 0);
    g_array_set_size(proxies->removals, 0);
    proxies->creating = addresses == NULL;
    proxies->changed = false;
    for (guint i = 0; addresses && i < addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(addresses, i);
        char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        /* A stored address always has a key; without one it is kept and never matched. */
        slot_push(proxies, (Slot){.type = proxy->type,
                                  .value = proxy->value,
                                  .key = key ? key : g_strdup_printf("\n%u", i),
                                  .primary = proxy->primary,
                                  .was_primary = proxy->primary});
    }
}

/* ---- Reading the cells ---- */

static void
removal_add(GifProxies *proxies, bool primaries, const char *column, TblSlice type, TblSlice value)
{
    Removal removal = {.primaries = primaries, .column = column};
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
        Removal all = {
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
        removal_add(proxies, primaries, column, type, value);
    }
}

/* Event 243: the same address twice in a row. The primary stays, else the first. */
static void
duplicate_resolve(GifProxies *proxies, Wanted *wanted, guint other_index, GifNotes *notes)
{
    Wanted *other = &g_array_index(proxies->wanted, Wanted, other_index);
    bool takes_over = wanted->primary && !other->primary;
    (takes_over ? other : wanted)->dropped = true;
    gif_notes_add(notes, GIF_WARNING, 243, wanted->column,
                  "%s:%s stands twice in this row; it counts once%s", wanted->proxy.type,
                  wanted->proxy.value, wanted->primary != other->primary ? ", as the primary" : "");
    if (takes_over) {
        index_set(proxies->wanted_by_key, wanted->proxy.key, proxies->wanted->len);
    }
}

/* The meaning of a type in small letters in the column of primaries. */
static void
primary_check(GifProxies *proxies, Wanted *wanted, GifNotes *notes)
{
    if (wanted->proxy.lower && !wanted->proxy.bare && !proxies->compat) {
        gif_notes_add(notes, GIF_WARNING, 233, wanted->column,
                      "the type of %s:%s is written in small letters: taken as a secondary address",
                      wanted->proxy.type, wanted->proxy.value);
        wanted->primary = false;
    }
}

static void
wanted_add(GifProxies *proxies, Wanted wanted, GifNotes *notes)
{
    guint other;
    if (index_get(proxies->wanted_by_key, wanted.proxy.key, &other)) {
        duplicate_resolve(proxies, &wanted, other, notes);
    } else {
        index_set(proxies->wanted_by_key, wanted.proxy.key, proxies->wanted->len);
    }
    if (wanted.primary && !wanted.dropped &&
        !g_hash_table_add(proxies->wanted_by_type, g_strdup(wanted.proxy.type))) {
        gif_notes_add(notes, GIF_ERROR, 233, wanted.column,
                      "a second primary address of type %s: %s; of each type one is the primary, "
                      "the others belong into "
                      "Secondary-Proxy-Addresses",
                      wanted.proxy.type, wanted.proxy.value);
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
    removal_add(proxies, primaries, column, type, value);
    return true;
}

void
gif_proxies_add(GifProxies *proxies, bool primaries, const char *column, const GifLexer *lexer,
                const GifCell *cell, GifNotes *notes)
{
    for (guint i = 0; cell->kind == GIF_CELL_VALUES && i < cell->count && !gif_notes_failed(notes);
         i++) {
        Wanted wanted = {.primary = primaries, .column = column};
        g_autofree char *reason = NULL;
        const GifValue *value = gif_lexer_value(lexer, cell, i);
        if (blank_smtp(proxies, primaries, column, value->text, notes)) {
            continue;
        }
        int fault = gif_proxy_parse(&wanted.proxy, value->text, !proxies->compat, &reason);
        if (fault != 0) {
            gif_notes_add(notes, GIF_ERROR, fault, column, "%s", reason);
            gif_proxy_clear(&wanted.proxy);
            return;
        }
        if (wanted.proxy.bare) {
            gif_notes_add(notes, GIF_WARNING, 230, column, "%s has no type; taken as SMTP:%s",
                          wanted.proxy.value, wanted.proxy.value);
        }
        if (wanted.proxy.trimmed) {
            gif_notes_add(notes, GIF_WARNING, GIF_CODE_BLANKS_TRIMMED, column,
                          "blanks around %s:%s were taken off", wanted.proxy.type,
                          wanted.proxy.value);
        }
        if (primaries) {
            primary_check(proxies, &wanted, notes);
        }
        wanted_add(proxies, wanted, notes);
    }
}

bool
gif_proxies_has_primary(const GifProxies *proxies, const char *type)
{
    return g_hash_table_contains(proxies->wanted_by_type, type);
}

void
gif_proxies_add_implied(GifProxies *proxies, const GifProxy *proxy)
{
    guint other;
    if (gif_proxies_has_primary(proxies, proxy->type)) {
        return;
    }
    g_hash_table_add(proxies->wanted_by_type, g_strdup(proxy->type));
    if (index_get(proxies->wanted_by_key, proxy->key, &other)) {
        g_array_index(proxies->wanted, Wanted, other).primary = true;
        return;
    }
    Wanted wanted = {.proxy = *proxy, .primary = true};
    wanted.proxy.value = g_strdup(proxy->value);
    wanted.proxy.key = g_strdup(proxy->key);
    index_set(proxies->wanted_by_key, wanted.proxy.key, proxies->wanted->len);
    g_array_append_val(proxies->wanted, wanted);
}

/* ---- Deciding ---- */

TblResult
gif_proxies_claim(GifProxies *proxies, TblDraft *draft, guint64 self, GifNotes *notes)
{
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(proxies->wanted, Wanted, i);
        guint own;
        if (wanted->dropped || index_get(proxies->slot_by_key, wanted->proxy.key, &own)) {
            continue;
        }
        TblClaim claim;
        if (tbl_claim_address(draft, self, tbl_slice(wanted->proxy.type),
                              tbl_slice(wanted->proxy.value), &claim) == TBL_FAILED) {
            return TBL_FAILED;
        }
        bool taken = claim.fault != TBL_CLAIM_FREE;
        if (taken) {
            gif_notes_add(notes, GIF_ERROR, claim.fault, wanted->column, "%s", claim.reason);
        }
        tbl_claim_clear(&claim);
        if (taken) {
            return TBL_FOUND;
        }
    }
    return TBL_FOUND;
}

static void
slot_kill(GifProxies *proxies, Slot *slot)
{
    slot->dead = true;
    proxies->changed = true;
    if (slot->primary) {
        g_hash_table_remove(proxies->primary_by_type, slot->type);
    }
}

static void
removal_apply(GifProxies *proxies, const Removal *removal, GifNotes *notes)
{
    bool found = false;
    guint index;
    if (removal->all || removal->type[0] != '\0') {
        for (guint i = 0; i < proxies->slots->len; i++) {
            Slot *slot = slot_at(proxies, i);
            bool meant = !slot->dead && slot->primary == removal->primaries &&
                         (removal->all || g_str_equal(slot->type, removal->type));
            if (meant) {
                slot_kill(proxies, slot);
                found = true;
            }
        }
    } else if (removal->key && index_get(proxies->slot_by_key, removal->key, &index) &&
               !slot_at(proxies, index)->dead) {
        slot_kill(proxies, slot_at(proxies, index));
        found = true;
    }
    if (!found && removal->all) {
        gif_notes_add(notes, GIF_WARNING, 150, removal->column, "there was no %s address to remove",
                      removal->primaries ? "primary" : "secondary");
    } else if (!found) {
        gif_notes_add(notes, GIF_WARNING, 150, removal->column, "the object has no %s to remove",
                      removal->shown);
    }
}

/* The same address in another spelling replaces the stored one. */
static void
slot_respell(GifProxies *proxies, Slot *slot, const Wanted *wanted)
{
    slot->listed = true;
    if (strcmp(slot->value, wanted->proxy.value) != 0) {
        slot->value = wanted->proxy.value;
        proxies->changed = true;
    }
}

/* Takes the old primary of a type off its place: to the end of the secondaries, or away. */
static void
primary_demote(GifProxies *proxies, guint index)
{
    Slot moved = *slot_at(proxies, index);
    slot_kill(proxies, slot_at(proxies, index));
    if (!proxies->compat) {
        moved.primary = false;
        moved.was_primary = false;
        moved.key = g_strdup(moved.key);
        slot_push(proxies, moved);
    }
}

static void
slot_push_wanted(GifProxies *proxies, const Wanted *wanted, bool primary)
{
    slot_push(proxies, (Slot){.type = wanted->proxy.type,
                              .value = wanted->proxy.value,
                              .key = g_strdup(wanted->proxy.key),
                              .primary = primary,
                              .listed = true});
    proxies->changed = true;
}

static void
primary_apply(GifProxies *proxies, const Wanted *wanted)
{
    guint own, old;
    bool has = index_get(proxies->slot_by_key, wanted->proxy.key, &own);
    if (has && !slot_at(proxies, own)->dead && slot_at(proxies, own)->primary) {
        slot_respell(proxies, slot_at(proxies, own), wanted);
        return;
    }
    if (index_get(proxies->primary_by_type, wanted->proxy.type, &old)) {
        primary_demote(proxies, old);
    }
    if (has && !slot_at(proxies, own)->dead) {
        slot_kill(proxies, slot_at(proxies, own));
    }
    slot_push_wanted(proxies, wanted, true);
}

static void
secondary_apply(GifProxies *proxies, const Wanted *wanted, GifNotes *notes)
{
    guint own;
    bool alive =
        index_get(proxies->slot_by_key, wanted->proxy.key, &own) && !slot_at(proxies, own)->dead;
    if (!alive) {
        slot_push_wanted(proxies, wanted, false);
        return;
    }
    if (slot_at(proxies, own)->primary) {
        gif_notes_add(notes, GIF_INFO, 243, wanted->column,
                      "%s:%s is the primary address and stays it", wanted->proxy.type,
                      wanted->proxy.value);
    }
    slot_respell(proxies, slot_at(proxies, own), wanted);
}

/* Event 267: the row takes a primary away and leaves secondaries of its type. */
static void
orphans_check(const GifProxies *proxies, GifNotes *notes)
{
    for (guint i = 0; i < proxies->slots->len; i++) {
        const Slot *gone = slot_at(proxies, i);
        guint index;
        if (!gone->was_primary || !gone->dead ||
            index_get(proxies->primary_by_type, gone->type, &index)) {
            continue;
        }
        for (guint j = 0; j < proxies->slots->len; j++) {
            const Slot *left = slot_at(proxies, j);
            if (!left->dead && g_str_equal(left->type, gone->type)) {
                gif_notes_add(notes, GIF_ERROR, 267, NULL,
                              "%s:%s is the primary address and cannot go while %s:%s stays; give "
                              "a new primary in "
                              "E-mail Addresses, or remove all of the type",
                              gone->type, gone->value, left->type, left->value);
                return;
            }
        }
    }
}

static void
count_check(const GifProxies *proxies, GifNotes *notes)
{
    guint alive = 0;
    for (guint i = 0; i < proxies->slots->len; i++) {
        alive += !slot_at(proxies, i)->dead;
    }
    if (alive > GIF_ADDRESSES_MAX) {
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_ADDRESSES_MANY, NULL,
                      "%u addresses; an object may have %d", alive, GIF_ADDRESSES_MAX);
    }
}

void
gif_proxies_apply(GifProxies *proxies, bool replace, GifNotes *notes)
{
    for (guint i = 0; i < proxies->removals->len; i++) {
        removal_apply(proxies, &g_array_index(proxies->removals, Removal, i), notes);
    }
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < proxies->wanted->len; i++) {
            const Wanted *wanted = &g_array_index(proxies->wanted, Wanted, i);
            if (wanted->dropped || wanted->primary != (pass == 0)) {
                continue;
            }
            if (wanted->primary) {
                primary_apply(proxies, wanted);
            } else {
                secondary_apply(proxies, wanted, notes);
            }
        }
    }
    for (guint i = 0; replace && i < proxies->slots->len; i++) {
        Slot *slot = slot_at(proxies, i);
        if (!slot->dead && !slot->primary && !slot->listed) {
            slot_kill(proxies, slot);
        }
    }
    orphans_check(proxies, notes);
    count_check(proxies, notes);
}

bool
gif_proxies_changed(const GifProxies *proxies)
{
    return proxies->changed;
}

static void
list_add(GPtrArray *list, const char *type, const char *value, bool primary)
{
    g_ptr_array_add(list, tbl_proxy_new(tbl_slice(type), tbl_slice(value), primary));
}

GPtrArray *
gif_proxies_list(const GifProxies *proxies)
{
    GPtrArray *list = g_ptr_array_new_full(proxies->slots->len, (GDestroyNotify)tbl_proxy_free);
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(proxies->wanted, Wanted, i);
        if (wanted->primary && !wanted->dropped) {
            list_add(list, wanted->proxy.type, wanted->proxy.value, true);
        }
    }
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < proxies->slots->len; i++) {
            const Slot *slot = slot_at(proxies, i);
            bool written = slot->primary && slot->listed;
            if (!slot->dead &&
                !(written && g_hash_table_contains(proxies->wanted_by_type, slot->type)) &&
                slot->primary == (pass == 0)) {
                list_add(list, slot->type, slot->value, slot->primary);
            }
        }
    }
    return list;
}

GPtrArray *
gif_proxies_probe(const GifProxies *proxies)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_proxy_free);
    for (guint i = 0; i < proxies->slots->len; i++) {
        list_add(list, slot_at(proxies, i)->type, slot_at(proxies, i)->value, false);
    }
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(proxies->wanted, Wanted, i);
        list_add(list, wanted->proxy.type, wanted->proxy.value, false);
    }
    return list;
}

void
gif_proxies_foreach_new(const GifProxies *proxies, GifProxyFunc each, gpointer data)
{
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(proxies->wanted, Wanted, i);
        if (!wanted->dropped) {
            each(&wanted->proxy, wanted->column, data);
        }
    }
}
