#include "gif/verdict.h"

#include "gif/diagnostic.h"
#include "gif/verdict_above.h"
#include "tables/address.h"
#include "tables/claim.h"
#include "tables/fate.h"
#include "tables/fate_path.h"
#include "tables/id_set.h"

struct GifJudge {
    TblDraft *draft;
    TblContext context, base; /* as it will be, and as it was */
    GPtrArray *verdicts;
    TblIdSet *blamed; /* ids of who has a verdict */
    GifAbove *above;  /* NULL: the store failed */
    bool aliases;     /* a domain of class virtual-alias is declared */
};

static void
verdict_free(gpointer data)
{
    GifVerdict *verdict = data;
    tbl_object_free(verdict->before);
    g_free(verdict->name);
    g_free(verdict->reason);
    g_free(verdict);
}

GifJudge *
gif_judge_new(TblDraft *draft, const TblConfig *config)
{
    GifJudge *judge = g_new0(GifJudge, 1);
    TblView *view = tbl_draft_view(draft);
    judge->draft = draft;
    judge->context = (TblContext){view, config, g_get_real_time() / G_USEC_PER_SEC};
    judge->base = judge->context;
    judge->base.view = tbl_draft_snapshot(draft);
    judge->verdicts = g_ptr_array_new_with_free_func(verdict_free);
    judge->blamed = tbl_id_set_new();
    judge->above = gif_above_new(draft, &judge->context);
    g_autoptr(GPtrArray) domains = tbl_domains_list(view->domains(view));
    for (guint i = 0; i < domains->len; i++) {
        judge->aliases |= tbl_domains_class(view->domains(view), g_ptr_array_index(domains, i)) ==
                          TBL_DOMAIN_VIRTUAL_ALIAS;
    }
    return judge;
}

void
gif_judge_free(GifJudge *judge)
{
    if (judge) {
        gif_above_free(judge->above);
        tbl_id_set_free(judge->blamed);
        g_ptr_array_unref(judge->verdicts);
        g_free(judge);
    }
}

const GPtrArray *
gif_judge_verdicts(const GifJudge *judge)
{
    return judge->verdicts;
}

G_GNUC_PRINTF(5, 6)
static void
verdict_add(GifJudge *judge, const TblObject *before, const TblObject *after, int code,
            const char *format, ...)
{
    GifVerdict *verdict = g_new0(GifVerdict, 1);
    va_list arguments;
    va_start(arguments, format);
    verdict->reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    verdict->id = (after ? after : before)->id;
    verdict->name = g_strdup((after ? after : before)->name);
    verdict->before = before ? tbl_object_copy(before) : NULL;
    verdict->code = code;
    g_ptr_array_add(judge->verdicts, verdict);
    (void)tbl_id_set_add(judge->blamed, verdict->id);
}

/* ---- What the object has now ---- */

static bool
is_primary(const TblObject *object, const char *address)
{
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    return primary && strcmp(primary->value, address) == 0;
}

/* Of one who does not lead on: none of its addresses can have nowhere to go. */
static bool
delivers(const GifJudge *judge, TblSlice primary)
{
    const TblDomains *domains = judge->context.view->domains(judge->context.view);
    return !judge->aliases || tbl_fate_delivers(domains, primary);
}

bool
gif_judge_passes(const GifJudge *judge, const TblObjectBrief *brief)
{
    bool leads_on = brief->object_class == TBL_CLASS_DL ||
                    brief->object_class == TBL_CLASS_REMOTE || brief->forwards;
    bool noted = judge->above && gif_above_is_idle(judge->above);
    return noted && !leads_on && (brief->addresses == 0 || delivers(judge, brief->smtp));
}

/* False: the store failed. `*judged`: the object has its verdict. */
static bool
cycle_judge(GifJudge *judge, const TblObject *before, const TblObject *after, const char *what,
            bool *judged)
{
    TblResult cycle = tbl_fate_idle_cycle(&judge->context, after);
    *judged = cycle == TBL_FOUND;
    if (*judged) {
        g_autofree char *path = tbl_fate_path_back(&judge->context, after);
        verdict_add(judge, before, after, GIF_CODE_CYCLE,
                    "mail for %s would go in a circle that reaches nobody: %s", what, path);
    }
    return cycle != TBL_FAILED;
}

static bool
nowhere_judge(GifJudge *judge, const TblObject *before, const TblObject *after, const char *address,
              bool *judged)
{
    TblResult stranded = tbl_fate_is_stranded(&judge->context, &judge->base, after, address);
    *judged = stranded == TBL_FOUND;
    if (*judged) {
        verdict_add(judge, before, after, GIF_CODE_NOWHERE,
                    "mail for the %s %s would have nowhere to go: a virtual-alias domain delivers "
                    "nothing itself",
                    is_primary(after, address) ? "primary" : "secondary", address);
    }
    return stranded != TBL_FAILED;
}

static bool
address_judge(GifJudge *judge, const TblObject *before, const TblObject *after, const char *address,
              bool *judged)
{
    switch (tbl_fate_of(&judge->context, address)) {
    case TBL_FATE_FAILED:
        return false;
    case TBL_FATE_NOWHERE:
        return nowhere_judge(judge, before, after, address, judged);
    case TBL_FATE_OVER: {
        g_autofree char *path = tbl_fate_path_largest(&judge->context, after);
        *judged = true;
        verdict_add(judge, before, after, GIF_CODE_LIST_OVER,
                    "%s would expand to more recipients than [limits] list-recipients or reply "
                    "allows: %s",
                    address, path);
        return true;
    }
    case TBL_FATE_EMPTY:
        return cycle_judge(judge, before, after, address, judged);
    default:
        return true;
    }
}

/* ---- What it has no longer ---- */

/* A remote in a declared domain needs the address that its target names. */
static bool
target_judge(GifJudge *judge, const TblObject *before, const TblObject *after, guint64 remote,
             bool *judged)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TblObject) object = tbl_draft_object(judge->draft, remote, &error);
    TblClaim claim = {0};
    if (error || !object || tbl_claim_target(judge->draft, object, &claim) == TBL_FAILED) {
        return false;
    }
    *judged = claim.fault == TBL_CLAIM_TARGET_INVALID;
    if (*judged) {
        verdict_add(judge, before, after, GIF_CODE_REFERRED,
                    "remote \"%s\" would lose its target: %s", object->name, claim.reason);
    }
    tbl_claim_clear(&claim);
    return true;
}

static bool
left_judge(GifJudge *judge, const TblObject *before, const TblObject *after, TblProxy *proxy,
           bool *judged)
{
    TblRows rows;
    const char *key = tbl_proxy_own_key(proxy);
    TblResult result = key ? tbl_draft_rows(judge->draft, key, &rows) : TBL_NOTFOUND;
    if (result == TBL_FAILED) {
        return false;
    }
    bool answered = result == TBL_FOUND && tbl_rows_answer(&rows);
    const TblRow *target = result == TBL_FOUND ? tbl_rows_get(&rows, TBL_ROW_LOCAL_TARGET) : NULL;
    return !target || answered || target_judge(judge, before, after, target->object, judged);
}

/* What the object has. Most mailboxes' mail has no fate worth asking for. */
static bool
object_judge(GifJudge *judge, const TblObject *before, const TblObject *after, bool *judged)
{
    bool leads_on = tbl_fate_leads_on(after);
    const TblProxy *primary = tbl_object_primary(after, "SMTP");
    if (!leads_on && delivers(judge, tbl_slice(primary ? primary->value : ""))) {
        return true;
    }
    TblResult lost = tbl_fate_loses_target(&judge->context, &judge->base, after);
    *judged = lost == TBL_FOUND;
    if (*judged) {
        verdict_add(judge, before, after, GIF_CODE_REFERRED,
                    "its target %s lies in a declared domain, and would be no address of another "
                    "object",
                    after->target->value);
    }
    if (lost != TBL_NOTFOUND) {
        return lost != TBL_FAILED;
    }
    g_autoptr(GPtrArray) addresses = tbl_fate_addresses(&judge->context, after);
    bool good =
        addresses->len > 0 || !leads_on || cycle_judge(judge, before, after, after->name, judged);
    for (guint i = 0; good && !*judged && i < addresses->len; i++) {
        good = address_judge(judge, before, after, g_ptr_array_index(addresses, i), judged);
    }
    return good;
}

bool
gif_judge_change(GifJudge *judge, const TblObject *before, const TblObject *after)
{
    bool judged = false, good = judge->above && gif_above_note(judge->above, before, after);
    good = good && (!after || object_judge(judge, before, after, &judged));
    /* An address that stayed has kept its row, so what refers to it is fine. */
    for (guint i = 0; before && good && !judged && i < before->addresses->len; i++) {
        good = left_judge(judge, before, after, g_ptr_array_index(before->addresses, i), &judged);
    }
    return good;
}

/* ---- What it does to others ---- */

typedef struct {
    GifJudge *judge;
    const GifLedger *ledger;
    guint most;
    bool failed;
} Blame;

/* The last rows first. */
static int
cause_compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const guint64 *x = a, *y = b;
    const Blame *blame = data;
    GifLedgerRow first = {0}, second = {0};
    if (blame->ledger) {
        (void)gif_ledger_get(blame->ledger, *x, &first);
        (void)gif_ledger_get(blame->ledger, *y, &second);
    }
    if (first.source != second.source) {
        return first.source < second.source ? 1 : -1;
    }
    if (first.line != second.line) {
        return first.line < second.line ? 1 : -1;
    }
    return (*x < *y) - (*x > *y);
}

static void
cause_blame(Blame *blame, guint64 id, int code, const char *reason)
{
    GifJudge *judge = blame->judge;
    TblView *view = tbl_draft_snapshot(judge->draft);
    g_autoptr(TblObject) before = NULL, after = NULL;
    if (view->object(view, id, &before) == TBL_FAILED ||
        judge->context.view->object(judge->context.view, id, &after) == TBL_FAILED ||
        (!before && !after)) {
        blame->failed = true;
        return;
    }
    verdict_add(judge, before, after, code, "%s", reason);
}

static void
causes_blame(int code, const char *reason, const GArray *causes, gpointer data)
{
    Blame *blame = data;
    g_autoptr(GArray) last = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_array_append_vals(last, causes->data, causes->len);
    g_array_sort_with_data(last, cause_compare, blame);
    for (guint i = 0; i < MIN(last->len, blame->most) && !blame->failed; i++) {
        guint64 id = g_array_index(last, guint64, i);
        if (!tbl_id_set_has(blame->judge->blamed, id)) {
            cause_blame(blame, id, code, reason);
        }
    }
}

/* The last who had the address that a catch-all names, be it through a mirror or with an
 * extension. */
static bool
catch_all_judge(Blame *blame, const TblDomain *domain)
{
    GifJudge *judge = blame->judge;
    TblAddress address;
    TblLocation had;
    TblFate fate = tbl_fate_of(&judge->context, domain->catch_all);
    if (fate != TBL_FATE_ABSENT || !tbl_address_parse(&address, tbl_slice(domain->catch_all))) {
        return fate != TBL_FATE_FAILED;
    }
    const TblDomains *domains = judge->base.view->domains(judge->base.view);
    tbl_resolve_locate(&judge->base, &address,
                       tbl_domains_find_mail(domains, tbl_address_domain(&address)), &had);
    if (had.result == TBL_FOUND && !tbl_id_set_has(judge->blamed, had.row.object)) {
        g_autofree char *reason =
            g_strdup_printf("%s is the catch-all of %s and would not exist any more",
                            domain->catch_all, domain->name);
        cause_blame(blame, had.row.object, GIF_CODE_REFERRED, reason);
    }
    return had.result != TBL_FAILED;
}

static bool
catch_alls_judge(Blame *blame)
{
    TblView *view = blame->judge->context.view;
    g_autoptr(GPtrArray) domains = tbl_domains_list(view->domains(view));
    bool good = true;
    for (guint i = 0; good && i < domains->len; i++) {
        const TblDomain *domain = g_ptr_array_index(domains, i);
        good = !domain->catch_all || catch_all_judge(blame, domain);
    }
    return good;
}

bool
gif_judge_finish(GifJudge *judge, const GifLedger *ledger, guint most)
{
    Blame blame = {.judge = judge, .ledger = ledger, .most = most};
    return judge->above && gif_above_judge(judge->above, causes_blame, &blame) &&
           catch_alls_judge(&blame) && !blame.failed;
}

/* ---- Taking back ---- */

static bool
addresses_free(const GifJudge *judge, const TblObject *object)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        TblClaim claim = {0};
        TblResult result = tbl_claim_address(judge->draft, object->id, tbl_slice(proxy->type),
                                             tbl_slice(proxy->value), &claim);
        bool taken = result == TBL_FAILED || claim.fault != TBL_CLAIM_FREE;
        tbl_claim_clear(&claim);
        if (taken) {
            return false;
        }
    }
    return true;
}

/* The name was given to a new object after a deletion. */
static bool
name_free(const GifJudge *judge, const TblObject *object)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TblObject) bearer =
        tbl_draft_find(judge->draft, TBL_ORIGIN_LOCAL, object->name, &error);
    return !error && (!bearer || bearer->id == object->id);
}

bool
gif_judge_revert(const GifJudge *judge, GError **error)
{
    for (guint i = 0; i < judge->verdicts->len; i++) {
        const GifVerdict *verdict = g_ptr_array_index(judge->verdicts, i);
        if (!verdict->before) {
            if (!tbl_draft_delete(judge->draft, verdict->id, error)) {
                return false;
            }
            continue;
        }
        g_autoptr(TblObject) before = tbl_object_copy(verdict->before);
        before->id = verdict->id;
        if (!name_free(judge, before) || !addresses_free(judge, before) ||
            !tbl_draft_put(judge->draft, before, error)) {
            return false;
        }
    }
    return true;
}
