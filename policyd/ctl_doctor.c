/* policyctl doctor: runs the rooms of doctor.h. */
#include "policyd/doctor.h"
#include "policyd/postfix_tool.h"

/* What is left to know of a store that cannot be read; a program that reads the findings hears of
 * it as well. */
static void
find_unreadable(PdDoctor *doctor, const TblConfig *config, const GError *error)
{
    g_autofree char *quoted = g_shell_quote(config->store.path);
    g_autofree char *remedy = g_strdup_printf("ls -l %s # a damaged store: move it away and import "
                                              "again, or bring back a copy",
                                              quoted);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "store-unreadable", remedy, "%s", error->message);
}

static int
finish(PdDoctor *doctor)
{
    guint64 total = pd_doctor_free(doctor);
    int code = pd_ctl_finish();
    if (code == 0 && total == 0)
        pd_ctl_note("nothing is wrong");
    return code == 0 && total > 0 ? TBL_EXIT_FAILED : code;
}

static int
examine(const PdCtlSnapshot *snapshot, const PdPostfixConfig *postfix, const GError *unreadable,
        bool as_json)
{
    g_autoptr(GError) error = NULL;
    PdDoctor *doctor = pd_doctor_new(snapshot, postfix, as_json);
    if (unreadable)
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "postfix-unreadable", "postfix check",
                       "Postfix's configuration cannot be read: %s", unreadable->message);
    pd_doctor_health(doctor);
    if (postfix) {
        pd_doctor_main(doctor);
        pd_doctor_sockets(doctor);
        /* Before what postconf --apply adds: the command for these knows main.cf as it is now. */
        pd_doctor_tell_edits(doctor);
    }
    bool done = !postfix || pd_doctor_unasked(doctor, &error);
    done = done && pd_doctor_declarations(doctor, &error) && pd_doctor_objects(doctor, &error);
    if (!done)
        find_unreadable(doctor, snapshot->config, error);
    return finish(doctor);
}

int
pd_ctl_doctor(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object a line", NULL}, {0}};
    int code = pd_ctl_options(entries, "[--json]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot) {
        PdDoctor *doctor = pd_doctor_new(NULL, NULL, as_json);
        find_unreadable(doctor, config, error);
        return finish(doctor);
    }
    g_autoptr(PdPostfixConfig) postfix = NULL;
    if (!pd_postfix_tool_installed("postconf"))
        pd_ctl_note("Postfix is not installed here, so main.cf was not looked at");
    else
        postfix = pd_postfix_config_read(&error);
    return examine(snapshot, postfix, error, as_json);
}
