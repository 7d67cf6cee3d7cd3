#include "gif/proxies_state.h"

TblResult
gif_proxies_claim(GifProxies *proxies, TblDraft *draft, guint64 self, TblClaim *claim,
                  const GifProxy **taken, const char **column)
{
    *claim = (TblClaim){0};
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
        guint own;
        if (wanted->dropped || gif_index_get(proxies->slot_by_key, wanted->proxy->key, &own)) {
            continue;
        }
        if (tbl_claim_key(draft, self, wanted->proxy->key, tbl_slice(wanted->proxy->type),
                          tbl_slice(wanted->proxy->value), claim) == TBL_FAILED) {
            return TBL_FAILED;
        }
        if (claim->fault != TBL_CLAIM_FREE) {
            *taken = wanted->proxy;
            *column = wanted->column;
            return TBL_FOUND;
        }
    }
    return TBL_NOTFOUND;
}

static void
slot_kill(GifProxies *proxies, GifSlot *slot)
{
    slot->dead = true;
    proxies->changed = true;
    if (slot->primary) {
        gif_index_remove(proxies->primary_by_type, slot->type);
    }
}

static void
removal_apply(GifProxies *proxies, const GifRemoval *removal, GifNotes *notes)
{
    bool found = false;
    guint index;
    if (removal->all || removal->type[0] != '\0') {
        for (guint i = 0; i < proxies->slots->len; i++) {
            GifSlot *slot = gif_proxies_slot(proxies, i);
            bool meant = !slot->dead && slot->primary == removal->primaries &&
                         (removal->all || g_str_equal(slot->type, removal->type));
            if (meant) {
                slot_kill(proxies, slot);
                found = true;
            }
        }
    } else if (removal->key && gif_index_get(proxies->slot_by_key, removal->key, &index) &&
               !gif_proxies_slot(proxies, index)->dead) {
        slot_kill(proxies, gif_proxies_slot(proxies, index));
        found = true;
    }
    if (found || removal->quiet) {
        return;
    }
    if (removal->all) {
        gif_notes_add(notes, GIF_WARNING, 150, removal->column, "there was no %s address to remove",
                      removal->primaries ? "primary" : "secondary");
    } else {
        gif_notes_add(notes, GIF_WARNING, 150, removal->column, "the object has no %s to remove",
                      removal->shown);
    }
}

/* The same address in another spelling replaces the stored one. */
static void
slot_respell(GifProxies *proxies, GifSlot *slot, const GifWanted *wanted)
{
    slot->listed = true;
    if (strcmp(slot->value, wanted->proxy->value) != 0) {
        slot->value = wanted->proxy->value;
        proxies->changed = true;
    }
}

/* Takes the old primary of a type off its place: to the end of the secondaries, or away. */
static void
primary_demote(GifProxies *proxies, guint index)
{
    GifSlot moved = *gif_proxies_slot(proxies, index);
    slot_kill(proxies, gif_proxies_slot(proxies, index));
    if (!proxies->compat) {
        moved.primary = false;
        moved.was_primary = false;
        gif_proxies_push(proxies, moved);
    }
}

static void
slot_push_wanted(GifProxies *proxies, const GifWanted *wanted, bool primary)
{
    gif_proxies_push(proxies, (GifSlot){.type = wanted->proxy->type,
                                        .value = wanted->proxy->value,
                                        .key = wanted->proxy->key,
                                        .primary = primary,
                                        .listed = true});
    proxies->changed = true;
}

static void
primary_apply(GifProxies *proxies, const GifWanted *wanted)
{
    guint own, old;
    bool has = gif_index_get(proxies->slot_by_key, wanted->proxy->key, &own);
    if (has && !gif_proxies_slot(proxies, own)->dead && gif_proxies_slot(proxies, own)->primary) {
        slot_respell(proxies, gif_proxies_slot(proxies, own), wanted);
        return;
    }
    if (gif_index_get(proxies->primary_by_type, wanted->proxy->type, &old)) {
        primary_demote(proxies, old);
    }
    if (has && !gif_proxies_slot(proxies, own)->dead) {
        slot_kill(proxies, gif_proxies_slot(proxies, own));
    }
    slot_push_wanted(proxies, wanted, true);
}

static void
secondary_apply(GifProxies *proxies, const GifWanted *wanted, GifNotes *notes)
{
    guint own;
    bool alive = gif_index_get(proxies->slot_by_key, wanted->proxy->key, &own) &&
                 !gif_proxies_slot(proxies, own)->dead;
    if (!alive) {
        slot_push_wanted(proxies, wanted, false);
        return;
    }
    if (gif_proxies_slot(proxies, own)->primary) {
        gif_notes_add(notes, GIF_INFO, 243, wanted->column,
                      "%s:%s is the primary address and stays it", wanted->proxy->type,
                      wanted->proxy->value);
    }
    slot_respell(proxies, gif_proxies_slot(proxies, own), wanted);
}

void
gif_proxies_keep_primaries(GifProxies *proxies, GifNotes *notes)
{
    for (guint i = 0; i < proxies->wanted->len; i++) {
        GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
        guint old;
        if (wanted->dropped || !wanted->primary ||
            !gif_index_get(proxies->primary_by_type, wanted->proxy->type, &old) ||
            g_str_equal(gif_proxies_slot(proxies, old)->key, wanted->proxy->key)) {
            continue;
        }
        gif_notes_add(notes, proxies->compat ? GIF_ERROR : GIF_WARNING, 233, wanted->column,
                      "%s:%s is a second primary address of its type; %s stays the primary, this "
                      "one becomes secondary",
                      wanted->proxy->type, wanted->proxy->value,
                      gif_proxies_slot(proxies, old)->value);
        wanted->primary = false;
    }
}

/* Event 267: the row takes a primary away and leaves secondaries of its type. */
static void
orphans_check(const GifProxies *proxies, GifNotes *notes)
{
    for (guint i = 0; i < proxies->slots->len; i++) {
        const GifSlot *gone = gif_proxies_slot(proxies, i);
        guint index;
        if (!gone->was_primary || !gone->dead ||
            gif_index_get(proxies->primary_by_type, gone->type, &index)) {
            continue;
        }
        for (guint j = 0; j < proxies->slots->len; j++) {
            const GifSlot *left = gif_proxies_slot(proxies, j);
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
        alive += !gif_proxies_slot(proxies, i)->dead;
    }
    if (alive > GIF_ADDRESSES_MAX) {
        gif_notes_add(notes, GIF_ERROR, GIF_CODE_ADDRESSES_MANY, NULL,
                      "%u addresses; an object may have %d", alive, GIF_ADDRESSES_MAX);
    }
}

void
gif_proxies_apply(GifProxies *proxies, GifReplace replace, GifNotes *notes)
{
    for (guint i = 0; i < proxies->removals->len; i++) {
        removal_apply(proxies, &g_array_index(proxies->removals, GifRemoval, i), notes);
    }
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < proxies->wanted->len; i++) {
            const GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
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
    for (guint i = 0; replace != GIF_REPLACE_NOTHING && i < proxies->slots->len; i++) {
        GifSlot *slot = gif_proxies_slot(proxies, i);
        bool open = !slot->primary || replace == GIF_REPLACE_ALL;
        if (!slot->dead && open && !slot->listed) {
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
list_add(GPtrArray *list, const char *type, const char *value, const char *key, bool primary)
{
    TblSlice known = *key == GIF_NO_KEY ? (TblSlice){"", 0} : tbl_slice(key);
    g_ptr_array_add(list, tbl_proxy_new_keyed(tbl_slice(type), tbl_slice(value), known, primary));
}

GPtrArray *
gif_proxies_list(const GifProxies *proxies)
{
    GPtrArray *list = g_ptr_array_new_full(proxies->slots->len, (GDestroyNotify)tbl_proxy_free);
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
        if (wanted->primary && !wanted->dropped) {
            list_add(list, wanted->proxy->type, wanted->proxy->value, wanted->proxy->key, true);
        }
    }
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < proxies->slots->len; i++) {
            const GifSlot *slot = gif_proxies_slot(proxies, i);
            bool written = slot->primary && slot->listed;
            if (!slot->dead && !(written && gif_proxies_has_primary(proxies, slot->type)) &&
                slot->primary == (pass == 0)) {
                list_add(list, slot->type, slot->value, slot->key, slot->primary);
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
        const GifSlot *slot = gif_proxies_slot(proxies, i);
        list_add(list, slot->type, slot->value, slot->key, false);
    }
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
        list_add(list, wanted->proxy->type, wanted->proxy->value, wanted->proxy->key, false);
    }
    return list;
}

void
gif_proxies_foreach_new(const GifProxies *proxies, GifProxyFunc each, gpointer data)
{
    for (guint i = 0; i < proxies->wanted->len; i++) {
        const GifWanted *wanted = &g_array_index(proxies->wanted, GifWanted, i);
        if (!wanted->dropped) {
            each(wanted->proxy, wanted->column, data);
        }
    }
}
