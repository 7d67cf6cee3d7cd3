/* doctor: every object of the store, by itself and with what it refers to. */
#include "policyd/doctor.h"

#include "tables/fate.h"
#include "tables/rule.h"

#include <string.h>

/* Walking a cycle costs as much as it is long; after so many the rest is only said to be empty. */
#define CYCLES_MAX 1000
/* So many references of one object are named. */
#define NAMED_MAX 5

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
    g_autofree char *remedy = g_strdup_printf("policyctl object show '%s'", object->name);
    pd_doctor_find(survey->doctor, PD_DOCTOR_ERROR, "cycle", remedy,
                   "mail for %s comes back to it and reaches nobody", object->name);
}

static TblFate
look_at_fate(Survey *survey, const TblObject *object, const char *value)
{
    TblFate fate = tbl_fate_of(&survey->context, value);
    g_autofree char *remedy = g_strdup_printf("policyctl explain '%s'", value);
    if (fate == TBL_FATE_NOWHERE)
        pd_doctor_find(survey->doctor, PD_DOCTOR_ERROR, "nowhere", remedy,
                       "mail for %s (%s) has nowhere to go: a virtual-alias domain delivers "
                       "nothing itself",
                       value, object->name);
    else if (fate == TBL_FATE_OVER)
        pd_doctor_find(survey->doctor, PD_DOCTOR_ERROR, "list-over-limits", remedy,
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
    g_autofree char *remedy = g_strdup_printf("policyctl explain '%s'", target);
    tbl_resolve_locate(&survey->context, &address, domain, &location);
    survey->failed = survey->failed || location.result == TBL_FAILED;
    if (location.result == TBL_NOTFOUND)
        pd_doctor_find(survey->doctor, PD_DOCTOR_ERROR, "target", remedy,
                       "the target of %s is %s, which nobody has", object->name, target);
    else if (location.result == TBL_FOUND && location.row.object == object->id &&
             tbl_domains_class(survey->domains, domain) != TBL_DOMAIN_RELAY)
        pd_doctor_find(survey->doctor, PD_DOCTOR_ERROR, "target", remedy,
                       "the target of %s is its own address %s", object->name, target);
    else if (location.result == TBL_FOUND)
        look_at_fate(survey, object, target);
}

/* Stands for itself: an address in a domain that is not ours. */
static bool
is_foreign(const Survey *survey, const char *reference)
{
    TblAddress address;
    const char *bare = g_ascii_strncasecmp(reference, "SMTP:", strlen("SMTP:")) == 0
                           ? strchr(reference, ':') + 1
                           : reference;
    return strchr(bare, '@') && tbl_address_parse(&address, tbl_slice(bare)) &&
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
    g_autofree char *remedy = g_strdup_printf("policyctl object show '%s'", object->name);
    pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "unresolved", remedy,
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
    g_autofree char *remedy = g_strdup_printf("policyctl object show '%s'", object->name);
    static const char text[] = "%s cannot log in as \"%s\" (%s): a blank, comma or control "
                               "character separates logins";
    if (primary && g_strv_contains(configured, "primary") && !tbl_maps_login_usable(primary->value))
        pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "login", remedy, text, object->name,
                       primary->value, "primary");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *login = object->text[kinds[i].text];
        if (login && *login && g_strv_contains(configured, kinds[i].word) &&
            !tbl_maps_login_usable(login))
            pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "login", remedy, text, object->name,
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
        g_autofree char *remedy =
            g_strdup_printf("policyctl explain '%s@%s'", local, ruled->domain->name);
        pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "rule-collision", remedy,
                       "%s has no address in %s: its rule makes %s@%s, which is taken",
                       object->name, ruled->domain->name, local, ruled->domain->name);
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
            g_strdup_printf("policyctl domain add %s --class=relay|virtual-mailbox|virtual-alias",
                            (const char *)name->data);
        pd_doctor_find(survey->doctor, PD_DOCTOR_WARNING, "undeclared", remedy,
                       "%" G_GUINT64_FORMAT " addresses are in %s, which is not declared, so no "
                       "map answers them",
                       count, (const char *)name->data);
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
