/* doctor: every object of the store, by itself and with what it refers to. */
#include "policyd/doctor.h"

#include "tables/fate.h"
#include "tables/rule.h"

#include <string.h>

/* Walking a cycle costs as much as it is long; after so many the rest is only said to be empty. */
#define CYCLES_MAX 1000
/* So many references of one object are named. */
#define NAMED_MAX 5

#define SHOW "policyctl object show"
#define EXPLAIN "policyctl explain"

/* A domain whose rule makes addresses. */
typedef struct {
    const TblDomain *domain;
    TblRule *rule;
} Ruled;

typedef struct {
    PdDoctor *doctor;
    TblContext context;
    const TblDomains *domains;
    GArray *ids;           /* guint64 of all objects */
    GArray *ruled;         /* Ruled */
    GHashTable *strangers; /* undeclared domain -> guint64 * of addresses */
    TblRuleLetters letters;
    guint cycles;
    bool failed;
} Survey;

/* A finding whose remedy is a command about somebody, whose name may hold an apostrophe. */
static void find_about(Survey *survey, PdDoctorSeverity severity, const char *code,
                       const char *command, const char *whom, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

static void
find_about(Survey *survey, PdDoctorSeverity severity, const char *code, const char *command,
           const char *whom, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *quoted = g_shell_quote(whom);
    g_autofree char *remedy = g_strconcat(command, " ", quoted, NULL);
    pd_doctor_find(survey->doctor, severity, code, remedy, "%s", text);
}

/* ---- Addresses ---- */

static bool
is_smtp(const TblProxy *proxy)
{
    return strcmp(proxy->type, "SMTP") == 0;
}

/* The declaration of an address, NULL for none. */
static const TblDomain *
declared(const Survey *survey, const char *value, TblAddress *address)
{
    return tbl_address_parse(address, tbl_slice(value))
               ? tbl_domains_find_mail(survey->domains, tbl_address_domain(address))
               : NULL;
}

/* Mail for the object comes by a virtual-alias domain: then its primary is elsewhere by design. */
static bool
comes_by_alias(const Survey *survey, const TblObject *object)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        TblAddress address;
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        const TblDomain *domain = is_smtp(proxy) ? declared(survey, proxy->value, &address) : NULL;
        if (domain && tbl_domains_class(survey->domains, domain) == TBL_DOMAIN_VIRTUAL_ALIAS)
            return true;
    }
    return false;
}

static bool
is_target(const TblObject *object, const TblProxy *proxy)
{
    return object->target && is_smtp(object->target) &&
           strcmp(object->target->value, proxy->value) == 0;
}

/* An address that no map answers, in a domain that is not declared. */
static void
count_stranger(Survey *survey, const TblObject *object, const TblProxy *proxy,
               const TblAddress *address)
{
    if (is_target(object, proxy) || (proxy->primary && comes_by_alias(survey, object)))
        return;
    const char *domain = tbl_address_domain(address);
    guint64 *count = g_hash_table_lookup(survey->strangers, domain);
    if (!count) {
        count = g_new0(guint64, 1);
        g_hash_table_insert(survey->strangers, g_strdup(domain), count);
    }
    (*count)++;
}

/* A list or forward that yields nothing because it comes back to itself. */
static void
look_for_cycle(Survey *survey, const TblObject *object)
{
    if (survey->cycles >= CYCLES_MAX)
        return;
    TblResult result = tbl_fate_idle_cycle(&survey->context, object);
    survey->failed = survey->failed || result == TBL_FAILED;
    if (result != TBL_FOUND)
        return;
    survey->cycles++;
    find_about(survey, PD_DOCTOR_ERROR, "cycle", SHOW, object->name,
               "mail for %s comes back to it and reaches nobody", object->name);
}

static TblFate
look_at_fate(Survey *survey, const TblObject *object, const char *value)
{
    TblFate fate = tbl_fate_of(&survey->context, value);
    if (fate == TBL_FATE_NOWHERE)
        find_about(survey, PD_DOCTOR_ERROR, "nowhere", EXPLAIN, value,
                   "mail for %s (%s) has nowhere to go: a virtual-alias domain delivers "
                   "nothing itself",
                   value, object->name);
    else if (fate == TBL_FATE_OVER)
        find_about(survey, PD_DOCTOR_ERROR, "list-over-limits", EXPLAIN, value,
                   "%s (%s) expands to more than [limits] list-recipients or reply allow, and "
                   "is deferred",
                   value, object->name);
    survey->failed = survey->failed || fate == TBL_FATE_FAILED;
    return fate;
}

static void
look_at_addresses(Survey *survey, const TblObject *object)
{
    bool empty = false, over = false;
    for (guint i = 0; i < object->addresses->len; i++) {
        TblAddress address;
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (!is_smtp(proxy) || !tbl_address_parse(&address, tbl_slice(proxy->value)))
            continue;
        if (!tbl_domains_find_mail(survey->domains, tbl_address_domain(&address))) {
            count_stranger(survey, object, proxy, &address);
            continue;
        }
        /* Once for a list, however many addresses it has. */
        TblFate fate = over ? TBL_FATE_FINE : look_at_fate(survey, object, proxy->value);
        empty = empty || fate == TBL_FATE_EMPTY;
        over = over || fate == TBL_FATE_OVER;
    }
    if (empty)
        look_for_cycle(survey, object);
}

/* ---- Targets and references ---- */

/* A target in a domain of ours must be somebody's: in a relay domain it may be its own. */
static void
look_at_target(Survey *survey, const TblObject *object)
{
    TblAddress address;
    TblLocation location;
    if (!object->target || !is_smtp(object->target))
        return;
    const char *target = object->target->value;
    const TblDomain *domain = declared(survey, target, &address);
    if (!domain)
        return;
    tbl_resolve_locate(&survey->context, &address, domain, &location);
    survey->failed = survey->failed || location.result == TBL_FAILED;
    if (location.result == TBL_NOTFOUND)
        find_about(survey, PD_DOCTOR_ERROR, "target", EXPLAIN, target,
                   "the target of %s is %s, which nobody has", object->name, target);
    else if (location.result == TBL_FOUND && location.row.object == object->id &&
             tbl_domains_class(survey->domains, domain) != TBL_DOMAIN_RELAY)
        find_about(survey, PD_DOCTOR_ERROR, "target", EXPLAIN, target,
                   "the target of %s is its own address %s", object->name, target);
    else if (location.result == TBL_FOUND)
        look_at_fate(survey, object, target);
}

/* Stands for itself: an address in a domain that is not ours. */
static bool
is_foreign(const Survey *survey, const char *reference)
{
    TblAddress address;
    return tbl_address_parse_reference(&address, reference) &&
           !tbl_domains_find_mail(survey->domains, tbl_address_domain(&address));
}

static void
check_reference(Survey *survey, const TblObject *object, const char *reference, const char *what,
                GString *names, guint *count)
{
    guint64 id;
    TblResult result = tbl_resolve_reference_id(&survey->context, object->origin, reference, &id);
    survey->failed = survey->failed || result == TBL_FAILED;
    if (result != TBL_NOTFOUND || is_foreign(survey, reference))
        return;
    if ((*count)++ < NAMED_MAX)
        g_string_append_printf(names, "%s%s (%s)", names->len ? ", " : "", reference, what);
}

static void
look_at_references(Survey *survey, const TblObject *object)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint count = 0;
    for (guint which = 0; which < TBL_REFS_COUNT; which++) {
        const GPtrArray *refs = object->refs[which];
        for (guint i = 0; which != TBL_REFS_GENERATED && i < refs->len; i++)
            check_reference(survey, object, g_ptr_array_index(refs, i),
                            tbl_refs_name((TblRefs)which), names, &count);
    }
    if (object->text[TBL_TEXT_FORWARD])
        check_reference(survey, object, object->text[TBL_TEXT_FORWARD],
                        tbl_text_name(TBL_TEXT_FORWARD), names, &count);
    if (count == 0)
        return;
    find_about(survey, PD_DOCTOR_WARNING, "unresolved", SHOW, object->name,
               "%s refers to what nobody has: %s%s", object->name, names->str,
               count > NAMED_MAX ? ", and more" : "");
}

/* ---- Logins and rules ---- */

static void
look_at_logins(Survey *survey, const TblObject *object)
{
    static const struct {
        const char *word;
        TblText text;
    } kinds[] = {{"alias", TBL_TEXT_ALIAS}, {"account", TBL_TEXT_ACCOUNT}};
    const char *const *configured = (const char *const *)survey->context.config->addresses.login;
    const TblProxy *primary = tbl_object_primary(object, "SMTP");
    static const char text[] = "%s cannot log in as \"%s\" (%s): a blank, comma or control "
                               "character separates logins";
    if (primary && g_strv_contains(configured, "primary") && !tbl_maps_login_usable(primary->value))
        find_about(survey, PD_DOCTOR_WARNING, "login", SHOW, object->name, text, object->name,
                   primary->value, "primary");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *login = object->text[kinds[i].text];
        if (login && *login && g_strv_contains(configured, kinds[i].word) &&
            !tbl_maps_login_usable(login))
            find_about(survey, PD_DOCTOR_WARNING, "login", SHOW, object->name, text, object->name,
                       login, kinds[i].word);
    }
}

static bool
has_address_in(const TblObject *object, const char *domain)
{
    TblAddress address;
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (is_smtp(proxy) && tbl_address_parse(&address, tbl_slice(proxy->value)) &&
            strcmp(tbl_address_domain(&address), domain) == 0)
            return true;
    }
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = 0; i < generated->len; i++)
        if (tbl_address_parse(&address, tbl_slice(g_ptr_array_index(generated, i))) &&
            strcmp(tbl_address_domain(&address), domain) == 0)
            return true;
    return false;
}

/* Objects of the directory get no number, so of several only the oldest has the address. */
static void
look_at_rules(Survey *survey, const TblObject *object)
{
    if (object->origin != TBL_ORIGIN_DIRECTORY || object->object_class != TBL_CLASS_MAILBOX)
        return;
    for (guint i = 0; i < survey->ruled->len; i++) {
        const Ruled *ruled = &g_array_index(survey->ruled, Ruled, i);
        if (has_address_in(object, ruled->domain->name))
            continue;
        g_autofree char *local = tbl_rule_expand(ruled->rule, object, survey->letters);
        if (!local)
            continue;
        g_autofree char *taken = g_strdup_printf("%s@%s", local, ruled->domain->name);
        find_about(survey, PD_DOCTOR_WARNING, "rule-collision", EXPLAIN, taken,
                   "%s has no address in %s: its rule makes %s, which is taken", object->name,
                   ruled->domain->name, taken);
    }
}

/* ---- All objects ---- */

static bool
collect_id(TblSlice key, G_GNUC_UNUSED TblSlice value, gpointer data)
{
    GArray *ids = data;
    guint64 id = tbl_store_number_of_key(key);
    g_array_append_val(ids, id);
    return true;
}

static void
look_at_object(Survey *survey, guint64 id)
{
    g_autoptr(TblObject) object = NULL;
    TblView *view = survey->context.view;
    if (view->object(view, id, &object) != TBL_FOUND) {
        survey->failed = true;
        return;
    }
    look_at_addresses(survey, object);
    look_at_target(survey, object);
    look_at_references(survey, object);
    look_at_logins(survey, object);
    look_at_rules(survey, object);
}

static void
collect_rules(Survey *survey)
{
    g_autoptr(GPtrArray) list = tbl_domains_list(survey->domains);
    for (guint i = 0; i < list->len; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        Ruled ruled = {domain,
                       domain->rule ? tbl_rule_parse(domain->rule, domain->name, NULL) : NULL};
        if (ruled.rule)
            g_array_append_val(survey->ruled, ruled);
    }
}

static void
report_strangers(Survey *survey)
{
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(survey->strangers), (GCompareFunc)strcmp);
    for (GList *name = names; name; name = name->next) {
        guint64 count = *(const guint64 *)g_hash_table_lookup(survey->strangers, name->data);
        g_autofree char *remedy =
            g_strdup_printf("policyctl domain add %s --class=CLASS", (const char *)name->data);
        pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "undeclared", remedy,
                       "%" G_GUINT64_FORMAT " %s in %s, which is not declared, so no map answers "
                       "%s",
                       count, count == 1 ? "address is" : "addresses are", (const char *)name->data,
                       count == 1 ? "it" : "them");
    }
}

bool
pd_doctor_objects(PdDoctor *doctor, GError **error)
{
    const PdCtlSnapshot *snapshot = pd_doctor_snapshot(doctor);
    if (!snapshot->reader)
        return true;
    Survey survey = {.doctor = doctor,
                     .context = pd_ctl_snapshot_context(snapshot),
                     .domains = pd_doctor_domains(doctor),
                     .ids = g_array_new(FALSE, FALSE, sizeof(guint64)),
                     .ruled = g_array_new(FALSE, FALSE, sizeof(Ruled)),
                     .strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                     .letters = tbl_rule_letters()};
    survey.failed = tbl_reader_each(snapshot->reader, TBL_DB_OBJECTS, (TblSlice){0}, collect_id,
                                    survey.ids) != TBL_FOUND;
    collect_rules(&survey);
    for (guint i = 0; i < survey.ids->len && !survey.failed; i++)
        look_at_object(&survey, g_array_index(survey.ids, guint64, i));
    if (survey.failed)
        pd_ctl_set_store_failed(snapshot->config, error);
    else
        report_strangers(&survey);
    for (guint i = 0; i < survey.ruled->len; i++)
        tbl_rule_free(g_array_index(survey.ruled, Ruled, i).rule);
    g_array_unref(survey.ruled);
    g_array_unref(survey.ids);
    g_hash_table_unref(survey.strangers);
    return !survey.failed;
}
