/* doctor: the daemon, what answers TEMP without anybody wanting it, and who holds old pages. */
#include "policyd/client.h"
#include "policyd/ctl_postconf.h"
#include "policyd/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Seconds for each step of a conversation with the daemon. */
#define ANSWER_TIMEOUT 5
/* A reader that keeps its snapshot for so long, in seconds, while there is a newer one: an export
 * of a million objects is done in less. */
#define STUCK_AFTER 3
#define STUCK_STEPS_PER_SECOND 5

/* Who owns the store's folder owns what is in it (tables/store.h), and may read and write that. */
static bool
owned_alike(const char *path, const struct stat *directory)
{
    struct stat status;
    return stat(path, &status) != 0 ||
           (status.st_uid == directory->st_uid &&
            (status.st_mode & S_IRWXU & ~S_IXUSR) == (S_IRUSR | S_IWUSR));
}

/* The command that lets the daemon have the store again. Caller frees. */
static char *
store_remedy(const char *path)
{
    static const char restart[] = "systemctl restart policyd";
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *lock = g_strconcat(path, "-lock", NULL);
    struct stat directory;
    if (stat(folder, &directory) != 0 ||
        (owned_alike(path, &directory) && owned_alike(lock, &directory)))
        return g_strdup_printf("%s; journalctl -u policyd -n 20", restart);
    g_autofree char *quoted_folder = g_shell_quote(folder);
    g_autofree char *quoted = g_shell_quote(path);
    return g_strdup_printf("chown --reference=%s %s* && chmod u+rw %s* && %s", quoted_folder,
                           quoted, quoted, restart);
}

static void
look_at_daemon(PdDoctor *doctor)
{
    g_autoptr(GError) away = NULL;
    const TblConfig *config = pd_doctor_config(doctor);
    g_autoptr(PdClient) client = pd_client_new_any(config->socketmap.listen, ANSWER_TIMEOUT, &away);
    /* The one map whose answer for a domain that nobody declared comes from the store: those that
     * answer from memory say nothing of it. */
    g_autofree char *reply =
        client ? pd_client_lookup(client, "smtpd_sender_login_maps", "nobody@nobody.invalid", &away)
               : NULL;
    const PdCtlSnapshot *snapshot = pd_doctor_snapshot(doctor);
    bool known = tbl_domains_count(pd_doctor_domains(doctor)) > 0 ||
                 snapshot->view->populated(snapshot->view);
    if (!reply)
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "daemon-down", "systemctl restart policyd", "%s",
                       away->message);
    if (!reply || !known || !g_str_has_prefix(reply, "TEMP "))
        return;
    g_autofree char *remedy = store_remedy(config->store.path);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "daemon-temp", remedy,
                   "the daemon cannot read %s, although this command can: it answers TEMP",
                   config->store.path);
}

static void
look_for_temporary(PdDoctor *doctor)
{
    const PdCtlSnapshot *snapshot = pd_doctor_snapshot(doctor);
    TblMap map;
    g_autoptr(GString) reason = g_string_new(NULL);
    g_autofree char *key = pd_ctl_find_temporary(snapshot, pd_doctor_domains(doctor), &map, reason);
    if (!key)
        return;
    g_autofree char *remedy =
        g_strdup_printf("policyctl explain %s; policyctl history --verify", key);
    if (pd_doctor_config(doctor)->directory.set)
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "replica-stale", "policyctl sync now",
                       "unknown recipients get TEMP: %s", reason->str);
    else if (!snapshot->view->populated(snapshot->view))
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "not-populated", "gif-import FILE",
                       "unknown recipients get TEMP: %s", reason->str);
    else
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "temporary", remedy,
                       "unknown recipients such as %s get TEMP: %s", key, reason->str);
}

/* ---- Readers ---- */

static bool
still_there(const GArray *readers, const TblStoreReader *wanted)
{
    for (guint i = 0; i < readers->len; i++) {
        const TblStoreReader *reader = &g_array_index(readers, TblStoreReader, i);
        if (reader->pid == wanted->pid && reader->transaction == wanted->transaction)
            return true;
    }
    return false;
}

/* Those that are old now and stay so. */
static GArray *
stuck_readers(TblStore *store)
{
    GArray *old = g_array_new(FALSE, FALSE, sizeof(TblStoreReader));
    tbl_store_old_readers(store, old);
    for (int step = 0; step < STUCK_AFTER * STUCK_STEPS_PER_SECOND && old->len > 0; step++) {
        g_autoptr(GArray) now = g_array_new(FALSE, FALSE, sizeof(TblStoreReader));
        g_usleep(G_USEC_PER_SEC / STUCK_STEPS_PER_SECOND);
        tbl_store_old_readers(store, now);
        for (guint i = old->len; i-- > 0;)
            if (!still_there(now, &g_array_index(old, TblStoreReader, i)))
                g_array_remove_index_fast(old, i);
    }
    return old;
}

static char *
process_name(gint64 pid)
{
    char *name = NULL;
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/comm", pid);
    if (!g_file_get_contents(path, &name, NULL, NULL))
        return g_strdup("");
    return g_strstrip(name);
}

static void
look_at_readers(PdDoctor *doctor)
{
    const PdCtlSnapshot *snapshot = pd_doctor_snapshot(doctor);
    if (!snapshot->store)
        return;
    g_autoptr(GArray) stuck = stuck_readers(snapshot->store);
    for (guint i = 0; i < stuck->len; i++) {
        const TblStoreReader *reader = &g_array_index(stuck, TblStoreReader, i);
        g_autofree char *name = process_name(reader->pid);
        g_autofree char *remedy = g_strdup_printf("kill %" G_GINT64_FORMAT, reader->pid);
        pd_doctor_find(doctor, PD_DOCTOR_WARNING, "reader-stuck", remedy,
                       "process %" G_GINT64_FORMAT " (%s) holds an old state of the store, which "
                       "grows with each change until it lets go",
                       reader->pid, name);
    }
}

void
pd_doctor_health(PdDoctor *doctor)
{
    look_at_daemon(doctor);
    look_for_temporary(doctor);
    look_at_readers(doctor);
}
