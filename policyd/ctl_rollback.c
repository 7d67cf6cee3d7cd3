/* rollback. */
#include "policyd/ctl.h"
#include "policyd/ctl_guard.h"
#include "policyd/ctl_history.h"

#include "tables/change.h"
#include "tables/rollback.h"

#include <stdio.h>

typedef struct {
    PdCtlChange *change;
    GString *out; /* NULL: the plan is not printed */
    GPtrArray *domains;
    guint64 created, modified, deleted;
    bool mixed; /* the outcome has never been before, so it is judged */
} Plan;

static void
plan_flush(Plan *plan)
{
    (void)fwrite(plan->out->str, 1, plan->out->len, stdout);
    g_string_truncate(plan->out, 0);
}

static void
plan_domain(const TblDomain *before, const TblDomain *after, gpointer data)
{
    Plan *plan = data;
    g_ptr_array_add(plan->domains, g_strdup((after ? after : before)->name));
    if (!plan->out)
        return;
    tbl_change_write_domain_text(before, after, plan->out);
    plan_flush(plan);
}

static bool
plan_object(const TblObject *before, const TblObject *after, gpointer data)
{
    Plan *plan = data;
    plan->created += !before;
    plan->deleted += !after;
    plan->modified += before && after;
    if (plan->out) {
        g_autoptr(TblChange) change = tbl_change_new(before, after);
        tbl_change_write_text(change, plan->out);
        plan_flush(plan);
    }
    return true;
}

/* Counts, judges and prints what would change. */
static bool
plan_read(Plan *plan, GError **error)
{
    TblDraft *draft = plan->change->draft;
    tbl_draft_foreach_domain_change(draft, plan_domain, plan);
    g_ptr_array_add(plan->domains, NULL);
    if (plan->mixed &&
        !pd_ctl_guard_domains(plan->change, (char **)plan->domains->pdata, false, error))
        return false;
    return tbl_draft_foreach_change(draft, plan_object, plan, error);
}

static void
print_outcome(const Plan *plan, guint64 undone, guint64 number)
{
    if (number != 0)
        printf("batch %" G_GUINT64_FORMAT " undoes batch %" G_GUINT64_FORMAT, number, undone);
    else
        printf("batch %" G_GUINT64_FORMAT " can be rolled back", undone);
    printf(": %" G_GUINT64_FORMAT " objects created, %" G_GUINT64_FORMAT
           " modified, %" G_GUINT64_FORMAT " deleted; %u domains changed\n",
           plan->created, plan->modified, plan->deleted, plan->domains->len - 1);
}

static bool
commit(PdCtlChange *change, const char *summary, guint64 undone, guint64 *number, GError **error)
{
    g_autofree char *user = tbl_batch_user();
    TblBatchInfo info = {.program = "policyctl",
                         .user = user,
                         .summary = summary,
                         .undoes = undone,
                         .undo_keep = change->config->store.undo_keep};
    guint64 generation = 0;
    return tbl_draft_commit(change->draft, &info, number, &generation, error);
}

static int
roll_back(PdCtlChange *change, const char *summary, guint64 undone, bool dry_run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) out = dry_run ? g_string_new(NULL) : NULL;
    Plan plan = {.change = change, .out = out, .domains = domains};
    guint64 number = 0;
    if (!tbl_rollback_apply(change->draft, undone, &plan.mixed, &error) ||
        !plan_read(&plan, &error) ||
        (!dry_run && !commit(change, summary, undone, &number, &error)))
        return pd_ctl_error(error);
    if (!dry_run && number == 0)
        return pd_ctl_fail(TBL_EXIT_FAILED,
                           "nothing is left of batch %" G_GUINT64_FORMAT " that could be undone",
                           undone);
    print_outcome(&plan, undone, number);
    if (!dry_run && domains->len > 1)
        pd_ctl_note("hint: run `postfix reload`, a running smtpd remembers domains");
    return pd_ctl_finish();
}

int
pd_ctl_rollback(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean dry_run = FALSE;
    guint64 number = 0;
    const GOptionEntry entries[] = {{"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run,
                                     "Print what would change, and change nothing", NULL},
                                    {0}};
    g_autofree char *summary = pd_ctl_summary("rollback", argc, argv);
    int code = pd_ctl_options(entries, "BATCH [--dry-run]", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    if (!pd_ctl_batch_number(argv[1], &number, &error))
        return pd_ctl_error(error);
    if (!g_file_test(config->store.path, G_FILE_TEST_EXISTS))
        return pd_ctl_fail(TBL_EXIT_FAILED, "%s: there is no store yet", config->store.path);
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    return change ? roll_back(change, summary, number, dry_run) : pd_ctl_error(error);
}
