#include "tables/rollback.h"

#include "tables/address.h"
#include "tables/claim.h"
#include "tables/command.h"
#include "tables/generate.h"
#include "tables/rollback_state.h"

static guint64
item_id(const TblJournalItem *item)
{
    return tbl_store_number_of_key(item->key);
}

/* ---- Domains ---- */

static bool
restore_domains(TblRollback *rollback, GError **error)
{
    for (guint i = 0; i < tbl_journal_count(rollback->journal); i++) {
        const TblJournalItem *item = tbl_journal_item(rollback->journal, i);
        if (item->kind != TBL_UNDO_DOMAIN)
            continue;
        g_autofree char *name = g_strndup(item->key.ptr, item->key.len);
        g_autoptr(TblDomain) before =
            item->before.len ? tbl_domain_decode(item->before, item->key) : NULL;
        if (item->before.len && !before)
            return tbl_store_set_unreadable(error);
        if (before)
            tbl_draft_put_domain(rollback->draft, before);
        else
            tbl_draft_delete_domain(rollback->draft, name);
    }
    return true;
}

/* Objects that came later have no address by a rule that comes back, and one by a rule that goes.
 * Those that are restored bring their own. */
static bool
apply_rules(TblRollback *rollback, GError **error)
{
    const TblDomains *old = rollback->draft->snapshot->domains(rollback->draft->snapshot);
    for (guint i = 0; rollback->mixed && i < tbl_journal_count(rollback->journal); i++) {
        const TblJournalItem *item = tbl_journal_item(rollback->journal, i);
        if (item->kind != TBL_UNDO_DOMAIN)
            continue;
        g_autofree char *name = g_strndup(item->key.ptr, item->key.len);
        const TblDomain *was = tbl_domains_get(old, name),
                        *is = tbl_domains_get(rollback->draft->domains, name);
        const char *old_rule = was ? was->rule : NULL, *new_rule = is ? is->rule : NULL;
        if (g_strcmp0(old_rule, new_rule) != 0 &&
            !tbl_generate_domain(rollback->draft, name, old_rule != NULL, error))
            return false;
    }
    return true;
}

/* ---- Objects ---- */

/* All go before any comes back, so that addresses and names can change hands. */
static bool
remove_objects(TblRollback *rollback, GError **error)
{
    for (guint i = 0; i < tbl_journal_count(rollback->journal); i++) {
        TblJournalItem *item = tbl_journal_item(rollback->journal, i);
        if (item->kind == TBL_UNDO_OBJECT && !tbl_rollback_is_derived(rollback, item) &&
            !tbl_draft_delete(rollback->draft, item_id(item), error))
            return false;
    }
    return true;
}

/* The object whose row stands in the way of an address or a target; 0 when it is not found. */
static guint64
holder_id(TblDraft *draft, guint64 self, TblSlice type, TblSlice value)
{
    static const TblRowKind kinds[] = {TBL_ROW_LOCAL, TBL_ROW_DIRECTORY, TBL_ROW_LOCAL_TARGET};
    TblRows rows;
    g_autofree char *key = tbl_proxy_key(type, value);
    if (!key || tbl_draft_rows(draft, key, &rows) != TBL_FOUND)
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const TblRow *row = tbl_rows_get(&rows, kinds[i]);
        if (row && row->object != self)
            return row->object;
    }
    return 0;
}

static void
add_claim(TblRollback *rollback, const TblObject *object, const TblProxy *proxy, TblClaim *claim)
{
    TblSlice type = tbl_slice(proxy->type), value = tbl_slice(proxy->value);
    tbl_rollback_add_conflict(rollback, g_steal_pointer(&claim->reason), 0,
                              holder_id(rollback->draft, object->id, type, value));
    tbl_claim_clear(claim);
}

/* Whether others have what an object is to get back. False when the store failed. */
static bool
check_addresses(TblRollback *rollback, const TblObject *object)
{
    TblClaim claim = {0};
    if (!rollback->mixed)
        return true; /* so it was, right before */
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (tbl_claim_address(rollback->draft, object->id, tbl_slice(proxy->type),
                              tbl_slice(proxy->value), &claim) != TBL_FOUND)
            return false;
        if (claim.fault != TBL_CLAIM_FREE)
            add_claim(rollback, object, proxy, &claim);
    }
    if (!object->target)
        return true;
    if (tbl_claim_target(rollback->draft, object, &claim) != TBL_FOUND)
        return false;
    /* Whether it is valid shows when all objects are back. */
    if (claim.fault == TBL_CLAIM_TARGET_TAKEN)
        add_claim(rollback, object, object->target, &claim);
    tbl_claim_clear(&claim);
    return true;
}

static bool
check_name(TblRollback *rollback, const TblObject *object)
{
    g_autoptr(GError) lost = NULL;
    g_autoptr(TblObject) other =
        tbl_draft_find(rollback->draft, object->origin, object->name, &lost);
    if (other)
        tbl_rollback_add_conflict(rollback,
                                  g_strdup_printf("the name \"%s\" belongs to another %s",
                                                  object->name,
                                                  tbl_class_name(other->object_class)),
                                  0, other->id);
    return !lost;
}

/* A generated address that somebody else has by now is made anew. */
static bool
trim_generated(TblRollback *rollback, TblObject *object)
{
    GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = generated->len; i > 0; i--) {
        TblRows rows;
        g_autofree char *key =
            tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(g_ptr_array_index(generated, i - 1)));
        TblResult result = key ? tbl_draft_rows(rollback->draft, key, &rows) : TBL_NOTFOUND;
        if (result == TBL_FAILED)
            return false;
        const TblRow *answer = result == TBL_FOUND ? tbl_rows_answer(&rows) : NULL;
        if (!key || (answer && answer->object != object->id))
            g_ptr_array_remove_index(generated, i - 1);
    }
    return true;
}

static bool
restore_object(TblRollback *rollback, const TblJournalItem *item, GError **error)
{
    g_autoptr(TblObject) before = tbl_object_decode(item->before, item_id(item));
    guint conflicts = rollback->conflicts->len;
    if (!before || !check_name(rollback, before) || !check_addresses(rollback, before) ||
        !trim_generated(rollback, before))
        return tbl_store_set_unreadable(error);
    return rollback->conflicts->len > conflicts || tbl_draft_put(rollback->draft, before, error);
}

/* Puts an object as it is, which makes its generated addresses again. */
static bool
derive_object(TblRollback *rollback, const TblJournalItem *item, GError **error)
{
    g_autoptr(TblObject) object = NULL;
    if (!tbl_draft_read_object(rollback->draft, item_id(item), &object, error))
        return false;
    return !object || tbl_draft_put(rollback->draft, object, error);
}

static bool
restore_objects(TblRollback *rollback, GError **error)
{
    for (guint derived = 0; derived <= 1; derived++) {
        for (guint i = 0; i < tbl_journal_count(rollback->journal); i++) {
            TblJournalItem *item = tbl_journal_item(rollback->journal, i);
            if (item->kind != TBL_UNDO_OBJECT ||
                tbl_rollback_is_derived(rollback, item) != (derived == 1))
                continue;
            if (derived ? !derive_object(rollback, item, error)
                        : item->before.len && !restore_object(rollback, item, error))
                return false;
        }
    }
    return true;
}

/* A notice says that an address has gone, so nobody may have it. */
static bool
check_gone(TblRollback *rollback, const char *key)
{
    TblRows rows;
    TblResult result = tbl_draft_rows(rollback->draft, key, &rows);
    const TblRow *answer = result == TBL_FOUND ? tbl_rows_answer(&rows) : NULL;
    if (!answer)
        return result != TBL_FAILED;
    guint64 id = answer->object;
    g_autoptr(TblObject) object = tbl_draft_object(rollback->draft, id, NULL);
    if (object)
        tbl_rollback_add_conflict(rollback,
                                  g_strdup_printf("%s, which had gone, is an address of %s \"%s\"",
                                                  key, tbl_class_name(object->object_class),
                                                  object->name),
                                  0, id);
    return object != NULL;
}

static bool
restore_tombstones(TblRollback *rollback, GError **error)
{
    for (guint i = 0; i < tbl_journal_count(rollback->journal); i++) {
        const TblJournalItem *item = tbl_journal_item(rollback->journal, i);
        if (item->kind != TBL_UNDO_TOMBSTONE)
            continue;
        g_autofree char *key = g_strndup(item->key.ptr, item->key.len);
        TblRows rows = {0};
        if (item->before.len &&
            (!tbl_rows_decode(&rows, item->key, item->before) || !check_gone(rollback, key)))
            return tbl_store_set_unreadable(error);
        if (!tbl_draft_set_tombstone(rollback->draft, key, tbl_rows_get(&rows, TBL_ROW_TOMBSTONE),
                                     error))
            return false;
    }
    return true;
}

/* With later changes in between, a target may lead nowhere. */
static bool
check_targets(TblRollback *rollback, GError **error)
{
    for (guint i = 0; rollback->mixed && i < tbl_journal_count(rollback->journal); i++) {
        const TblJournalItem *item = tbl_journal_item(rollback->journal, i);
        TblClaim claim = {0};
        g_autoptr(TblObject) object = NULL;
        if (item->kind == TBL_UNDO_OBJECT &&
            !tbl_draft_read_object(rollback->draft, item_id(item), &object, error))
            return false;
        if (!object || !object->target)
            continue;
        if (tbl_claim_target(rollback->draft, object, &claim) != TBL_FOUND)
            return tbl_store_set_unreadable(error);
        if (claim.fault != TBL_CLAIM_FREE)
            add_claim(rollback, object, object->target, &claim);
    }
    return true;
}

static bool
restore(TblRollback *rollback, GError **error)
{
    return restore_domains(rollback, error) && remove_objects(rollback, error) &&
           restore_objects(rollback, error) && apply_rules(rollback, error) &&
           restore_tombstones(rollback, error) && check_targets(rollback, error) &&
           tbl_rollback_judge(rollback, error);
}

/* ---- The whole ---- */

static void
conflict_clear(gpointer pointer)
{
    g_free(((TblConflict *)pointer)->reason);
}

static bool
check_not_undone(TblRollback *rollback, GError **error)
{
    const TblBatch *batch = tbl_journal_batch(rollback->journal);
    g_autoptr(TblBatch) by = NULL;
    if (batch->undone_by == 0)
        return true;
    (void)tbl_batch_read(rollback->reader, batch->undone_by, &by);
    g_autofree char *again =
        by && by->undone_by
            ? g_strdup_printf(" (which batch %" G_GUINT64_FORMAT " has undone: roll that one back)",
                              by->undone_by)
            : g_strdup("");
    g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED,
                "batch %" G_GUINT64_FORMAT " was rolled back already, by batch %" G_GUINT64_FORMAT
                "%s",
                batch->number, batch->undone_by, again);
    return false;
}

bool
tbl_rollback_apply(TblDraft *draft, guint64 number, bool *mixed, GError **error)
{
    TblRollback rollback = {.draft = draft, .reader = tbl_view_reader(draft->snapshot)};
    /* More commits than batches: the directory wrote, too. */
    rollback.mixed = draft->base.generation != draft->base.batch;
    rollback.conflicts = g_array_new(FALSE, FALSE, sizeof(TblConflict));
    g_array_set_clear_func(rollback.conflicts, conflict_clear);
    rollback.journal = tbl_journal_new(rollback.reader, number, error);
    bool good = rollback.journal && check_not_undone(&rollback, error) &&
                tbl_rollback_check(&rollback, error) && tbl_rollback_judge(&rollback, error) &&
                restore(&rollback, error);
    *mixed = rollback.mixed;
    tbl_rollback_end(&rollback);
    return good;
}
