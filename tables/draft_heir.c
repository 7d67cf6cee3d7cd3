/* Who takes over when an object loses what others would have as well: a target that remotes share,
 * and an address that a rule would give to several mailboxes of the directory. Part of
 * tables/draft.h. */
#include "tables/draft_overlay.h"

#include "tables/address.h"
#include "tables/referrer.h"

/* ---- Targets ---- */

typedef struct {
    TblSlice key;
    TblRowKind kind;
    TblRow row;
    bool found;
} Wanted;

static void
match_row(TblSlice key, const TblRow *row, gpointer data)
{
    Wanted *wanted = data;
    if (row->kind == wanted->kind && tbl_slice_equal(key, wanted->key)) {
        wanted->row = *row;
        wanted->found = true;
    }
}

TblResult
tbl_draft_other_target(TblDraft *draft, TblOrigin origin, TblSlice key, guint64 except, guint64 *id)
{
    g_autofree char *name =
        tbl_referrer_key(TBL_REFERRER_TARGET, origin, TBL_REFERRER_ADDRESS, key);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (tbl_draft_view_referrers(&draft->view.base, name, ids) == TBL_FAILED)
        return TBL_FAILED;
    for (guint i = 0; i < ids->len; i++) {
        *id = g_array_index(ids, guint64, i);
        if (*id != except)
            return TBL_FOUND;
    }
    return TBL_NOTFOUND;
}

TblResult
tbl_draft_inherit_target(TblDraft *draft, TblSlice key, TblRowKind kind, guint64 from, bool known,
                         TblRows *rows, TblObject **heir)
{
    TblOrigin origin = kind == TBL_ROW_LOCAL_TARGET ? TBL_ORIGIN_LOCAL : TBL_ORIGIN_DIRECTORY;
    guint64 id = 0;
    TblResult result = tbl_draft_other_target(draft, origin, key, from, &id);
    if (result != TBL_FOUND)
        return result;
    TblView *view = &draft->view.base;
    if (view->object(view, id, heir) != TBL_FOUND)
        return TBL_FAILED;
    Wanted wanted = {.key = key, .kind = kind};
    (void)tbl_object_foreach_row(*heir, match_row, &wanted);
    if (!wanted.found)
        return TBL_FAILED;
    wanted.row.source = tbl_draft_source_of(draft, key, &wanted.row, NULL, known);
    tbl_rows_put(rows, &wanted.row);
    return TBL_FOUND;
}

/* ---- Addresses that rules make ---- */

static char *
waiting_key(TblSlice key)
{
    return tbl_referrer_key(TBL_REFERRER_WAITING, TBL_ORIGIN_DIRECTORY, TBL_REFERRER_ADDRESS, key);
}

void
tbl_draft_wait(TblDraft *draft, guint64 id, const char *address, bool waits)
{
    g_autofree char *key = tbl_proxy_key(tbl_slice("SMTP"), tbl_slice(address));
    g_autofree char *name = key ? waiting_key(tbl_slice(key)) : NULL;
    if (name)
        tbl_draft_note_reference(draft, name, id, waits);
}

/* Nearly always nobody waits for anything, which is asked once. */
static TblResult
anybody_waits(TblDraft *draft)
{
    g_autofree char *mark =
        tbl_referrer_mark(TBL_REFERRER_WAITING, TBL_ORIGIN_DIRECTORY, TBL_REFERRER_ADDRESS);
    if (g_hash_table_contains(draft->referrers, mark))
        return TBL_FOUND;
    if (!draft->waiting_known) {
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
        draft->waiting = draft->snapshot->referrers(draft->snapshot, mark, ids);
        draft->waiting_known = true;
    }
    return draft->waiting;
}

static bool
has_text(const TblObject *object, const char *address)
{
    const GPtrArray *generated = object ? object->refs[TBL_REFS_GENERATED] : NULL;
    for (guint i = 0; generated && i < generated->len; i++)
        if (strcmp(g_ptr_array_index(generated, i), address) == 0)
            return true;
    return false;
}

void
tbl_draft_note_generated(TblDraft *draft, guint64 id, const TblObject *before,
                         const TblObject *after)
{
    const GPtrArray *lost = before ? before->refs[TBL_REFS_GENERATED] : NULL,
                    *got = after ? after->refs[TBL_REFS_GENERATED] : NULL;
    for (guint i = 0; after && lost && i < lost->len; i++)
        if (!has_text(after, g_ptr_array_index(lost, i)))
            tbl_draft_wait(draft, id, g_ptr_array_index(lost, i), true);
    bool waited = got && anybody_waits(draft) != TBL_NOTFOUND;
    for (guint i = 0; waited && i < got->len; i++)
        if (!has_text(before, g_ptr_array_index(got, i)))
            tbl_draft_wait(draft, id, g_ptr_array_index(got, i), false);
}

TblResult
tbl_draft_wake(TblDraft *draft, TblSlice key)
{
    TblResult result = anybody_waits(draft);
    /* Who watches wants to know that nobody waits for this one. */
    if (result == TBL_FAILED || (result == TBL_NOTFOUND && !draft->watch))
        return result;
    g_autofree char *name = waiting_key(key);
    return tbl_draft_view_referrers(&draft->view.base, name, draft->displaced);
}
