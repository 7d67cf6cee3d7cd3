#include "tables/restriction.h"

#include "tables/above.h"
#include "tables/referrer.h"

#define SMTP_PREFIX "smtp:"

/* Remotes with one target that are looked at; who has more is not answered, since others wait. */
#define REMOTES_MAX 1000

/* Who the sender is here. References are not resolved one by one, of which there may be thousands:
 * only those that can bind to the sender are. */
typedef struct {
    const TblContext *context;
    const TblDomains *domains;
    GPtrArray *objects;    /* TblObject *, owned: whose address it is, else whose target */
    GPtrArray *names;      /* char *: their names, folded */
    GHashTable *addresses; /* char *: all their SMTP addresses, canonical */
    bool outside;          /* an address outside that no object has: it stands for itself */
    TblAddress address;
    TblIdSet *lists; /* ids of the lists that it is in; NULL until asked for */
    bool failed;
} Sender;

/* ---- Who it is ---- */

static void
note_address(Sender *sender, const char *text)
{
    TblAddress address;
    if (tbl_address_parse(&address, tbl_slice(text)))
        g_hash_table_add(sender->addresses, g_strdup(address.text));
}

static void
note_object(Sender *sender, guint64 id)
{
    TblView *view = sender->context->view;
    TblObject *object;
    if (view->object(view, id, &object) != TBL_FOUND) {
        sender->failed = true;
        return;
    }
    g_ptr_array_add(sender->objects, object);
    char *folded = tbl_text_fold(tbl_slice(object->name));
    g_ptr_array_add(sender->names, folded ? folded : g_strdup(object->name));
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        if (strcmp(proxy->type, "SMTP") == 0)
            note_address(sender, proxy->value);
    }
    const GPtrArray *generated = object->refs[TBL_REFS_GENERATED];
    for (guint i = 0; i < generated->len; i++)
        note_address(sender, g_ptr_array_index(generated, i));
}

/* Remotes whose mail goes to the sender's address; several may share it. */
static void
note_remotes(Sender *sender)
{
    TblView *view = sender->context->view;
    g_autofree char *key = g_strconcat(SMTP_PREFIX, sender->address.text, NULL);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (int origin = TBL_ORIGIN_LOCAL; origin <= TBL_ORIGIN_DIRECTORY; origin++) {
        g_autofree char *name = tbl_referrer_key(TBL_REFERRER_TARGET, (TblOrigin)origin,
                                                 TBL_REFERRER_ADDRESS, tbl_slice(key));
        sender->failed = sender->failed || view->referrers(view, name, ids) == TBL_FAILED;
    }
    sender->failed = sender->failed || ids->len > REMOTES_MAX;
    for (guint i = 0; i < ids->len && !sender->failed; i++)
        note_object(sender, g_array_index(ids, guint64, i));
}

static void
sender_init(Sender *sender, const TblContext *context, TblSlice text)
{
    TblLocation location;
    *sender = (Sender){.context = context};
    sender->domains = context->view->domains(context->view);
    sender->objects = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    sender->names = g_ptr_array_new_with_free_func(g_free);
    sender->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!tbl_address_parse(&sender->address, text))
        return;
    const TblDomain *domain =
        tbl_domains_find_mail(sender->domains, tbl_address_domain(&sender->address));
    tbl_resolve_locate(context, &sender->address, domain, &location);
    sender->failed = location.result == TBL_FAILED;
    if (location.result == TBL_FOUND)
        note_object(sender, location.row.object);
    if (location.result != TBL_NOTFOUND)
        return;
    sender->outside = !domain;
    note_remotes(sender);
}

static void
sender_clear(Sender *sender)
{
    g_ptr_array_unref(sender->objects);
    g_ptr_array_unref(sender->names);
    g_hash_table_unref(sender->addresses);
    tbl_id_set_free(sender->lists);
}

/* ---- Named ---- */

/* Whether one of the sender's addresses is `local`@`domain`. */
static bool
has_address(const Sender *sender, TblSlice local, const char *domain)
{
    g_autofree char *address = g_strdup_printf("%.*s@%s", (int)local.len, local.ptr, domain);
    return g_hash_table_contains(sender->addresses, address);
}

/* Whether an address can lead to the sender by steps 2 to 4. */
static bool
may_lead(const Sender *sender, const TblAddress *address)
{
    const char *name = tbl_address_domain(address);
    const TblDomain *domain = tbl_domains_find_mail(sender->domains, name);
    TblSlice local = {address->text, address->local_len};
    TblSlice base = {local.ptr, tbl_address_extension(
                                    local, sender->context->config->addresses.recipient_delimiter)};
    if (g_hash_table_contains(sender->addresses, address->text) ||
        (base.len && has_address(sender, base, name)))
        return true;
    return domain && domain->mirror &&
           (has_address(sender, local, domain->mirror) ||
            (base.len && has_address(sender, base, domain->mirror)));
}

static bool
is_one_of(const Sender *sender, guint64 id)
{
    for (guint i = 0; i < sender->objects->len; i++)
        if (((const TblObject *)g_ptr_array_index(sender->objects, i))->id == id)
            return true;
    return false;
}

static bool
has_name(const Sender *sender, TblOrigin origin, const char *reference)
{
    g_autofree char *folded = tbl_text_fold(tbl_slice(reference));
    for (guint i = 0; folded && i < sender->objects->len; i++) {
        const TblObject *object = g_ptr_array_index(sender->objects, i);
        if (object->origin == origin && strcmp(g_ptr_array_index(sender->names, i), folded) == 0)
            return true;
    }
    return false;
}

/* Whether an address that is given binds to the sender: no object may have it as its name. */
static bool
is_address_of(Sender *sender, TblOrigin origin, const char *reference)
{
    TblAddress address;
    guint64 id = 0;
    g_autofree char *other = tbl_address_reference_key(reference);
    if (!other && (!strchr(reference, '@') || !tbl_address_parse_reference(&address, reference)))
        return false;
    bool itself = !other && sender->outside && strcmp(address.text, sender->address.text) == 0;
    if (!other && !itself && !may_lead(sender, &address))
        return false;
    switch (tbl_resolve_reference_id(sender->context, origin, reference, &id)) {
    case TBL_FOUND:
        return is_one_of(sender, id);
    case TBL_NOTFOUND:
        return itself;
    default:
        sender->failed = true;
        return false;
    }
}

static bool
is_named(Sender *sender, const TblObject *object, TblRefs which)
{
    const GPtrArray *references = object->refs[which];
    for (guint i = 0; i < references->len && !sender->failed; i++) {
        const char *reference = g_ptr_array_index(references, i);
        if (has_name(sender, object->origin, reference) ||
            is_address_of(sender, object->origin, reference))
            return true;
    }
    return false;
}

/* ---- A member ---- */

static void
find_lists(Sender *sender)
{
    if (sender->lists)
        return;
    sender->lists = tbl_id_set_new();
    for (guint i = 0; i < sender->objects->len && !sender->failed; i++)
        sender->failed =
            tbl_above_object(sender->context, TBL_ABOVE_LISTS, NULL,
                             g_ptr_array_index(sender->objects, i), sender->lists) == TBL_FAILED;
    if (sender->outside && !sender->failed)
        sender->failed = tbl_above_address(sender->context, TBL_ABOVE_LISTS, &sender->address,
                                           sender->lists) == TBL_FAILED;
}

static bool
is_member(Sender *sender, const TblObject *object, TblRefs which)
{
    const GPtrArray *references = object->refs[which];
    g_autoptr(TblIdSet) goal = tbl_id_set_new();
    for (guint i = 0; i < references->len && !sender->failed; i++) {
        guint64 id;
        TblResult result = tbl_resolve_reference_id(sender->context, object->origin,
                                                    g_ptr_array_index(references, i), &id);
        sender->failed = result == TBL_FAILED;
        if (result == TBL_FOUND)
            (void)tbl_id_set_add(goal, id);
    }
    if (tbl_id_set_count(goal) == 0 || sender->failed)
        return false;
    find_lists(sender);
    TblResult result =
        sender->failed ? TBL_FAILED : tbl_above_reaches(sender->context, sender->lists, goal);
    sender->failed = result == TBL_FAILED;
    return result == TBL_FOUND;
}

/* ---- The judgement ---- */

static bool
has_any(const TblObject *object, TblRefs one, TblRefs other)
{
    return object->refs[one]->len > 0 || object->refs[other]->len > 0;
}

static bool
is_one_of_these(Sender *sender, const TblObject *object, TblRefs named, TblRefs lists)
{
    return is_named(sender, object, named) || is_member(sender, object, lists);
}

/* What is certain is not looked up any further: a failure would turn a refusal into a deferral. */
static TblRestriction
judge_sender(const TblContext *context, const TblObject *object, TblSlice text)
{
    Sender sender;
    sender_init(&sender, context, text);
    bool rejected = is_one_of_these(&sender, object, TBL_REFS_REJECT_FROM, TBL_REFS_REJECT_FROM_DL);
    bool accepted = rejected || sender.failed ||
                    !has_any(object, TBL_REFS_ACCEPT_FROM, TBL_REFS_ACCEPT_FROM_DL) ||
                    is_one_of_these(&sender, object, TBL_REFS_ACCEPT_FROM, TBL_REFS_ACCEPT_FROM_DL);
    bool failed = sender.failed;
    sender_clear(&sender);
    if (failed)
        return TBL_RESTRICTION_FAILED;
    return rejected   ? TBL_RESTRICTION_REJECTED
           : accepted ? TBL_RESTRICTION_NONE
                      : TBL_RESTRICTION_NOT_ACCEPTED;
}

TblRestriction
tbl_restriction_judge(const TblContext *context, const TblObject *object, TblSlice sender,
                      bool authenticated)
{
    bool accepts_some = has_any(object, TBL_REFS_ACCEPT_FROM, TBL_REFS_ACCEPT_FROM_DL);
    bool rejects_some = has_any(object, TBL_REFS_REJECT_FROM, TBL_REFS_REJECT_FROM_DL);
    if (object->authenticated_only && !authenticated)
        return TBL_RESTRICTION_UNAUTHENTICATED;
    /* Bounces must come back to people; a list sends nothing itself. */
    if (sender.len == 0)
        return accepts_some && object->object_class == TBL_CLASS_DL ? TBL_RESTRICTION_NOT_ACCEPTED
                                                                    : TBL_RESTRICTION_NONE;
    return accepts_some || rejects_some ? judge_sender(context, object, sender)
                                        : TBL_RESTRICTION_NONE;
}
