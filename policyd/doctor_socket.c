/* doctor: whether Postfix's daemons reach the sockets that main.cf names: as their user, with their
 * groups, from inside the chroot where they run in one. It really connects, and asks. */
#include "policyd/doctor.h"
#include "policyd/postconf_plan.h"

#include <errno.h>
#include <gio/gio.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds for a probe as a whole, and milliseconds for each of its waits. */
#define PROBE_SECONDS 10
#define WAIT_MAX 4000
/* More groups than any user of Postfix has. */
#define GROUPS_MAX 64
#define REPLY_MAX 256

/* What a probe does; made before the fork, because nothing may be allocated after it. */
typedef struct {
    struct sockaddr_storage address;
    socklen_t address_length;
    const char *directory; /* the queue directory */
    bool chrooted;
    bool as_postfix;
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    int group_count;
    const char *request;
} Probe;

/* How it went; the child writes it into a pipe. */
typedef struct {
    bool connected;
    int error; /* errno of what failed; 0 with `connected` and no reply: it did not answer */
    char reply[REPLY_MAX];
} Outcome;

/* ---- In the child ---- */

static int
become_postfix(const Probe *probe)
{
    /* chroot_uid.c: the groups first, then the new root, then the user. */
    if (probe->as_postfix &&
        (setgid(probe->gid) != 0 || setgroups((size_t)probe->group_count, probe->groups) != 0))
        return errno;
    if (chdir(probe->directory) != 0)
        return errno;
    if (probe->as_postfix && probe->chrooted && (chroot(".") != 0 || chdir("/") != 0))
        return errno;
    return probe->as_postfix && setuid(probe->uid) != 0 ? errno : 0;
}

static bool
wait_for(int descriptor, short events)
{
    struct pollfd ready = {.fd = descriptor, .events = events};
    return poll(&ready, 1, WAIT_MAX) > 0;
}

static int
finish_connect(int descriptor)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (!wait_for(descriptor, POLLOUT))
        return ETIMEDOUT;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static void
run_probe(const Probe *probe, Outcome *outcome)
{
    if ((outcome->error = become_postfix(probe)) != 0)
        return;
    int descriptor =
        socket(probe->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || (connect(descriptor, (const struct sockaddr *)&probe->address,
                                   probe->address_length) != 0 &&
                           errno != EINPROGRESS)) {
        outcome->error = errno;
        return;
    }
    if ((outcome->error = finish_connect(descriptor)) != 0)
        return;
    outcome->connected = true;
    if (send(descriptor, probe->request, strlen(probe->request), MSG_NOSIGNAL) < 0 ||
        !wait_for(descriptor, POLLIN))
        return;
    ssize_t count = recv(descriptor, outcome->reply, sizeof outcome->reply - 1, 0);
    outcome->reply[count > 0 ? count : 0] = '\0';
}

static bool
fork_probe(const Probe *probe, Outcome *outcome)
{
    int ends[2];
    *outcome = (Outcome){0};
    if (pipe(ends) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        alarm(PROBE_SECONDS);
        run_probe(probe, outcome);
        ssize_t written = write(ends[1], outcome, sizeof *outcome);
        _exit(written == (ssize_t)sizeof *outcome ? 0 : 1);
    }
    close(ends[1]);
    ssize_t count = child > 0 ? read(ends[0], outcome, sizeof *outcome) : -1;
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return count == (ssize_t)sizeof *outcome;
}

/* ---- Before it ---- */

static bool
set_inet_address(Probe *probe, const char *endpoint)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    g_autoptr(GSocketConnectable) parsed =
        g_network_address_parse(endpoint + strlen("inet:"), 0, NULL);
    if (!parsed)
        return false;
    GNetworkAddress *address = G_NETWORK_ADDRESS(parsed);
    g_autofree char *port = g_strdup_printf("%u", g_network_address_get_port(address));
    if (getaddrinfo(g_network_address_get_hostname(address), port, &hints, &found) != 0)
        return false;
    memcpy(&probe->address, found->ai_addr, found->ai_addrlen);
    probe->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* A path is taken as Postfix spells it: relative to the queue directory, absolute within a chroot;
 * `root` (may be empty) is what stands for that chroot. */
static bool
set_address(Probe *probe, const char *spelt, const char *full, const char *root)
{
    struct sockaddr_un *local = (struct sockaddr_un *)&probe->address;
    if (g_str_has_prefix(full, "inet:"))
        return set_inet_address(probe, full);
    const char *path = strchr(spelt, ':') + 1;
    g_autofree char *used = *path == '/' ? g_strconcat(root, path, NULL) : g_strdup(path);
    if (strlen(used) >= sizeof local->sun_path)
        return false;
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, used, strlen(used) + 1);
    probe->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(used) + 1);
    return true;
}

static bool
set_user(Probe *probe, const char *owner)
{
    const struct passwd *user = getpwnam(owner);
    probe->group_count = GROUPS_MAX;
    if (!user || getgrouplist(owner, user->pw_gid, probe->groups, &probe->group_count) < 0)
        return false;
    probe->uid = user->pw_uid;
    probe->gid = user->pw_gid;
    probe->as_postfix = true;
    return true;
}

/* ---- What it means ---- */

/* Who may what with a file, for a message: "0600 policyd:policyd". Caller frees. */
static char *
describe_mode(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return g_strdup(g_strerror(errno));
    const struct passwd *user = getpwuid(status.st_uid);
    g_autofree char *owner =
        user ? g_strdup(user->pw_name) : g_strdup_printf("%u", (unsigned)status.st_uid);
    const struct group *group = getgrgid(status.st_gid);
    g_autofree char *group_name =
        group ? g_strdup(group->gr_name) : g_strdup_printf("%u", (unsigned)status.st_gid);
    return g_strdup_printf("%04o %s:%s", (unsigned)(status.st_mode & 07777), owner, group_name);
}

static void
report_denied(PdDoctor *doctor, const char *spelt, const char *full, const char *who)
{
    const char *path = full + strlen("unix:");
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *file_mode = describe_mode(path);
    g_autofree char *directory_mode = describe_mode(directory);
    g_autofree char *remedy = pd_doctor_denied_remedy(doctor, path);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "socket-mode", remedy,
                   "%s may not connect to %s: the socket is %s, its directory %s", who, spelt,
                   file_mode, directory_mode);
}

/* The endpoint is right, so what is wrong is at its other end. */
static bool
well_named(const PdDoctor *doctor, const char *spelt, char *const *listen)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(doctor);
    return pd_postfix_endpoint_is(postfix, spelt, listen) &&
           pd_postfix_endpoint_usable(postfix, spelt);
}

/* Names a socket of ours in place of the one in this element. */
static bool
correct_element(PdDoctor *doctor, const char *parameter, const char *token)
{
    g_autofree char *ours = pd_postfix_endpoint_spell(pd_doctor_postfix(doctor),
                                                      pd_doctor_config(doctor)->socketmap.listen);
    g_autofree char *instead =
        ours ? g_strdup_printf("%.*ssocketmap:%s:%s", (int)(pd_postfix_unproxied(token) - token),
                               token, ours, parameter)
             : NULL;
    return pd_doctor_edit(doctor, parameter, token, instead);
}

/* Where a socket is named. */
typedef struct {
    const char *parameter, *token;   /* of a map */
    const PdPostfixService *service; /* of the policy service, NULL for main.cf */
} Place;

static void
report_unreachable(PdDoctor *doctor, const char *spelt, const Place *place, const char *text)
{
    const TblConfig *config = pd_doctor_config(doctor);
    g_autofree char *remedy = NULL;
    if (well_named(doctor, spelt,
                   place->parameter ? config->socketmap.listen : config->policy.listen))
        remedy = g_strdup("systemctl restart policyd");
    else if (place->service)
        remedy = pd_doctor_service_remedy(doctor, place->service, spelt);
    else if (!place->parameter)
        remedy = g_strdup("policyctl postconf --apply && postfix reload");
    else if (!correct_element(doctor, place->parameter, place->token))
        remedy = g_strdup_printf("postconf %s", place->parameter);
    if (remedy)
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "socket-unreachable", remedy, "%s", text);
    else
        pd_doctor_find_edit(doctor, "socket-unreachable", "%s", text);
}

/* False where something is wrong with the name of the socket. */
static bool
judge(PdDoctor *doctor, const char *spelt, const char *full, const char *who,
      const Outcome *outcome, const char *const *expected, const Place *place)
{
    if (!outcome->connected && outcome->error == EACCES && g_str_has_prefix(full, "unix:")) {
        report_denied(doctor, spelt, full, who);
        return true;
    }
    for (; outcome->connected && *expected; expected++)
        if (strstr(outcome->reply, *expected))
            return true;
    const char *reason = !outcome->connected && outcome->error ? g_strerror(outcome->error)
                         : *outcome->reply                     ? "the answer is not policyd's"
                                                               : "it does not answer";
    g_autofree char *text = g_strdup_printf("%s cannot ask %s: %s", who, spelt, reason);
    report_unreachable(doctor, spelt, place, text);
    return false;
}

/* ---- Every socket ---- */

typedef struct {
    PdDoctor *doctor;
    GHashTable *seen;   /* set of "kind endpoint" */
    GHashTable *failed; /* those of `seen` that cannot be asked */
    bool unprivileged;  /* said once */
} Sockets;

static void
try_socket(Sockets *sockets, const char *spelt, const char *const *commands, const char *request,
           const char *const *expected, const Place *place)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(sockets->doctor);
    g_autofree char *full = pd_postfix_endpoint(postfix, spelt);
    const char *owner = pd_postfix_config_value(postfix, "mail_owner");
    for (int chrooted = 0; chrooted <= 1; chrooted++) {
        Outcome outcome;
        Probe probe = {.directory = pd_postfix_config_value(postfix, "queue_directory"),
                       .chrooted = chrooted,
                       .request = request};
        if (!pd_postfix_config_runs(postfix, commands, chrooted))
            continue;
        bool privileged = geteuid() == 0 && set_user(&probe, owner);
        g_autofree char *who = g_strdup_printf("%s%s", privileged ? owner : "this user",
                                               chrooted ? ", in the chroot of its daemons," : "");
        const char *root = chrooted && !privileged ? probe.directory : "";
        sockets->unprivileged = sockets->unprivileged || !privileged;
        if (!set_address(&probe, spelt, full, root))
            outcome = (Outcome){.error = EDESTADDRREQ};
        else if (!fork_probe(&probe, &outcome))
            outcome = (Outcome){.error = ETIMEDOUT};
        /* What this user may not says nothing about Postfix's. */
        if (!privileged && !outcome.connected && outcome.error == EACCES)
            continue;
        if (!judge(sockets->doctor, spelt, full, who, &outcome, expected, place))
            g_hash_table_add(sockets->failed, g_strdup(spelt));
    }
}

static void
try_maps(Sockets *sockets, const char *parameter)
{
    static const char *const commands[] = {"smtpd", "cleanup", "trivial-rewrite", NULL};
    static const char *const replies[] = {":NOTFOUND ", ":OK ", ":TEMP ", NULL};
    const PdPostfixConfig *postfix = pd_doctor_postfix(sockets->doctor);
    g_autoptr(GPtrArray) tokens = pd_postfix_split(pd_postfix_config_value(postfix, parameter));
    for (guint i = 0; i < tokens->len; i++) {
        Place place = {.parameter = parameter, .token = g_ptr_array_index(tokens, i)};
        g_autofree char *endpoint = NULL;
        g_autofree char *name = NULL;
        if (!pd_postfix_socketmap(place.token, &endpoint, &name))
            continue;
        /* Other servers speak this protocol too. */
        bool ours = pd_postfix_endpoint_is(postfix, endpoint,
                                           pd_doctor_config(sockets->doctor)->socketmap.listen);
        if (!ours && tbl_map_from_name(tbl_slice(name)) == TBL_MAP_COUNT)
            continue;
        if (g_hash_table_add(sockets->seen, g_strdup(endpoint)))
            try_socket(sockets, endpoint, commands, "28:relay_domains doctor.invalid,", replies,
                       &place);
        else if (g_hash_table_contains(sockets->failed, endpoint) &&
                 !well_named(sockets->doctor, endpoint,
                             pd_doctor_config(sockets->doctor)->socketmap.listen))
            correct_element(sockets->doctor, parameter, place.token); /* said above */
    }
}

static void
try_policy(Sockets *sockets, const char *value, const PdPostfixService *service)
{
    static const char *const commands[] = {"smtpd", NULL};
    static const char *const replies[] = {"action=DUNNO", NULL};
    const Place place = {.service = service};
    g_autoptr(GPtrArray) tokens = pd_postfix_split(value);
    const PdPostfixConfig *postfix = pd_doctor_postfix(sockets->doctor);
    for (guint i = 0; i + 1 < tokens->len; i++) {
        if (strcmp(g_ptr_array_index(tokens, i), "check_policy_service") != 0)
            continue;
        g_autofree char *server = pd_postfix_policy_server(g_ptr_array_index(tokens, i + 1));
        if (!pd_postfix_endpoint_is(postfix, server,
                                    pd_doctor_config(sockets->doctor)->policy.listen))
            continue;
        char *key = g_strconcat("policy ", server, NULL);
        if (g_hash_table_add(sockets->seen, key))
            try_socket(sockets, server, commands,
                       "request=smtpd_access_policy\nprotocol_state=CONNECT\n\n", replies, &place);
    }
}

void
pd_doctor_sockets(PdDoctor *doctor)
{
    const PdPostfixConfig *postfix = pd_doctor_postfix(doctor);
    const GPtrArray *services = pd_postfix_config_services(postfix);
    static const char restrictions[] = "smtpd_recipient_restrictions";
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Sockets sockets = {.doctor = doctor, .seen = seen, .failed = failed};
    for (int map = 0; map < TBL_MAP_COUNT; map++)
        try_maps(&sockets, tbl_map_name((TblMap)map));
    try_policy(&sockets, pd_postfix_config_value(postfix, restrictions), NULL);
    for (guint i = 0; i < services->len; i++) {
        const PdPostfixService *service = g_ptr_array_index(services, i);
        const char *value = g_hash_table_lookup(service->options, restrictions);
        if (value)
            try_policy(&sockets, value, service);
    }
    if (sockets.unprivileged)
        pd_ctl_note("not run as root: whether %s reaches the sockets, from inside a chroot, was "
                    "not tried",
                    pd_postfix_config_value(postfix, "mail_owner"));
}
