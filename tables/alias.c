/* The virtual_alias_maps half of tables/resolve.h: who finally receives mail for an address. */
#include "tables/alias_walk.h"

/* Objects looked at for one answer, as a multiple of list-recipients, but of this many at least:
 * bounds the time that lists without recipients can take. */
#define VISITS_PER_RECIPIENT 10
#define VISITED_RECIPIENTS_MIN 1000
/* Addresses that lead to one of these objects at most: a target, its catch-all, primaries. Only
 * rows that contradict each other lead on and on. */
#define ADDRESSES_PER_VISIT 4

/* ---- Following ---- */

/* A reference that no object has: an address outside stands for itself, anything else counts for
 * nothing. It is as somebody typed it. */
static void
walk_unresolved(TblWalk *walk, const char *reference)
{
    TblAddress address;
    if (!tbl_address_parse_reference(&address, reference) ||
        tbl_domains_find_mail(walk->domains, tbl_address_domain(&address)))
        return;
    g_autoptr(GString) spelling = g_string_new(NULL);
    tbl_address_append_spelling(spelling, &address);
    tbl_walk_emit(walk, (TblSlice){spelling->str, spelling->len});
}

static void enter_object(TblWalk *walk, const TblObject *object, TblObject **owned);

/* `*owned` is the object, or NULL when it lives as long as the walk; it may be taken. */
static void
walk_referred(TblWalk *walk, TblResult result, const TblObject *object, TblObject **owned,
              const char *reference)
{
    if (result == TBL_FAILED)
        walk->failed = true;
    else if (result == TBL_FOUND)
        enter_object(walk, object, owned);
    else
        walk_unresolved(walk, reference);
}

/* Nearly all members are people with a primary address here: that is all there is to read of them.
 * False when enter_object must look. */
static bool
walk_plainly(TblWalk *walk, guint64 id)
{
    TblView *view = walk->context->view;
    TblObjectBrief brief;
    if (!view->brief || view->brief(view, id, &brief) != TBL_FOUND)
        return false;
    bool person =
        brief.object_class == TBL_CLASS_MAILBOX || brief.object_class == TBL_CLASS_PUBLIC_FOLDER;
    if (!person || brief.forwards || brief.disabled || brief.smtp.len == 0 ||
        (walk->ascii_key && !tbl_slice_is_ascii(brief.smtp)) ||
        !tbl_walk_declared(walk->domains, brief.smtp))
        return false;
    tbl_walk_emit(walk, brief.smtp);
    return true;
}

static void
walk_reference(TblWalk *walk, TblOrigin origin, const char *reference)
{
    TblView *view = walk->context->view;
    const TblObject *known;
    g_autoptr(TblObject) object = NULL;
    /* What lists inside lists name is often the same. */
    bool remember = walk->steps->len > 1;
    if (remember && tbl_walk_recall(walk, origin, reference, &known)) {
        walk_referred(walk, known ? TBL_FOUND : TBL_NOTFOUND, known, &object, reference);
        return;
    }
    guint64 id = 0;
    TblResult result = tbl_resolve_reference_id(walk->context, origin, reference, &id);
    if (result == TBL_FOUND && walk_plainly(walk, id))
        return;
    /* A name or a row that leads nowhere is damage. */
    if (result == TBL_FOUND && view->object(view, id, &object) != TBL_FOUND)
        result = TBL_FAILED;
    known = object;
    if (remember && result != TBL_FAILED)
        tbl_walk_remember(walk, origin, reference, g_steal_pointer(&object));
    walk_referred(walk, result, known, &object, reference);
}

static bool
same_address(const TblAddress *address, TblSlice spelling)
{
    TblAddress other;
    return tbl_address_parse(&other, spelling) && other.len == address->len &&
           memcmp(other.text, address->text, other.len) == 0;
}

static guint64
visits_max(const TblWalk *walk)
{
    guint64 recipients = walk->context->config->limits.list_recipients;
    return MAX(recipients, VISITED_RECIPIENTS_MIN) * VISITS_PER_RECIPIENT;
}

/* Marks an object as expanded; false when it was already, or when there were too many. */
static bool
visit(TblWalk *walk, guint64 id)
{
    if (tbl_id_set_count(walk->visited) >= visits_max(walk)) {
        walk->over = true;
        return false;
    }
    if (tbl_id_set_add(walk->visited, id))
        return true;
    walk->cycle = true;
    return false;
}

/* What stands for an object whose forward turns out to be none. */
typedef struct {
    TblSlice spelling; /* empty for nothing */
    char *extension;
    bool asked; /* the address that was asked for */
} Instead;

static void
push_forward(TblWalk *walk, const TblObject *object, TblObject **owned, const Instead *instead)
{
    char *text =
        instead->spelling.len ? g_strndup(instead->spelling.ptr, instead->spelling.len) : NULL;
    tbl_walk_push(walk, (TblStep){.kind = TBL_STEP_FORWARD,
                                  .object = object,
                                  .owned = g_steal_pointer(owned),
                                  .text = text,
                                  .outer = instead->extension,
                                  .asked = instead->asked,
                                  .cycle = walk->cycle,
                                  .yields = walk->yields});
    walk->cycle = false;
    tbl_walk_push(walk, (TblStep){.kind = TBL_STEP_REFERENCE,
                                  .origin = object->origin,
                                  .text = g_strdup(object->text[TBL_TEXT_FORWARD])});
}

static void
push_address(TblWalk *walk, TblSlice spelling)
{
    walk->over = walk->over || walk->addresses++ >= visits_max(walk) * ADDRESSES_PER_VISIT;
    tbl_walk_push(
        walk, (TblStep){.kind = TBL_STEP_ADDRESS, .text = g_strndup(spelling.ptr, spelling.len)});
}

/* A target that cannot be followed is refused by programs; replication may bring one. */
static void
push_target(TblWalk *walk, const TblObject *remote)
{
    TblResult result = tbl_resolve_target(walk->context, remote);
    walk->failed = walk->failed || result == TBL_FAILED;
    if (result == TBL_FOUND)
        push_address(walk, tbl_slice(remote->target->value));
}

/* Lists, remotes and forwards where they expand. `address` is what the object was entered by, NULL
 * for none. False when the object is none of them: its address stands for itself, or its primary
 * for it. */
static bool
expand_object(TblWalk *walk, const TblObject *object, TblObject **owned, const TblAddress *address,
              const Instead *instead)
{
    bool list = object->object_class == TBL_CLASS_DL;
    bool remote = object->object_class == TBL_CLASS_REMOTE && object->target &&
                  strcmp(object->target->type, "SMTP") == 0 &&
                  !(address && same_address(address, tbl_slice(object->target->value)));
    if (!list && !remote && !object->text[TBL_TEXT_FORWARD])
        return false;
    if (!visit(walk, object->id))
        return true;
    if (list)
        tbl_walk_push(
            walk,
            (TblStep){.kind = TBL_STEP_MEMBERS, .object = object, .owned = g_steal_pointer(owned)});
    else if (!remote)
        push_forward(walk, object, owned, instead);
    else
        push_target(walk, object);
    return true;
}

/* Whether lists, remotes and forwards of an object expand when it is entered through `domain`. */
static bool
expands(const TblWalk *walk, const TblDomain *domain, TblSlice primary)
{
    const TblDomain *of_primary = primary.len ? tbl_walk_declared(walk->domains, primary) : NULL;
    return tbl_domain_expands(domain) && (!of_primary || tbl_domain_expands(of_primary));
}

/* The primary that a secondary, generated or mirrored address stands for, and the mail domain that
 * declares it; empty when that row does not apply. */
static TblSlice
rewritten(TblWalk *walk, const TblDomain *domain, const TblLocation *location,
          const TblDomain **of_primary)
{
    const TblRow *row = &location->row;
    bool other_name = !row->primary || location->mirrored;
    TblSlice primary = row->primary_address;
    if (!other_name || !primary.len || !tbl_domain_rewrites(domain))
        return (TblSlice){NULL, 0};
    *of_primary = tbl_walk_declared(walk->domains, primary);
    if (!*of_primary && !tbl_walk_is_alias_domain(walk->domains, domain))
        return (TblSlice){NULL, 0};
    return primary;
}

/* An object that was met on the way (a member, a forward): entered through its recipient address.
 */
static void
enter_object(TblWalk *walk, const TblObject *object, TblObject **owned)
{
    if (object->disabled && walk->context->config->directory.exclude_disabled)
        return;
    const TblProxy *own = tbl_walk_recipient_address(walk, object),
                   *primary = tbl_object_primary(object, "SMTP");
    TblSlice value = own ? tbl_slice(own->value) : (TblSlice){NULL, 0};
    const TblDomain *domain = own ? tbl_walk_declared(walk->domains, value) : NULL;
    TblAddress address;
    if (own && !tbl_address_parse(&address, value)) {
        walk->failed = true;
        return;
    }
    if (!domain ||
        expands(walk, domain, primary ? tbl_slice(primary->value) : (TblSlice){NULL, 0})) {
        Instead instead = {own ? tbl_walk_own_spelling(walk, object, own) : value, walk->extension,
                           false};
        if (expand_object(walk, object, owned, own ? &address : NULL, &instead))
            return;
    }
    if (own)
        tbl_walk_emit(walk, tbl_walk_own_spelling(walk, object, own));
}

/* ---- Rows of the map ---- */

static bool
is_role_address(const TblAddress *address)
{
    TblSlice local = {address->text, address->local_len};
    return tbl_slice_equal(local, tbl_slice("postmaster")) ||
           tbl_slice_equal(local, tbl_slice("abuse"));
}

/* What stands in for an address that nobody has: the domain's catch-all, else the host's
 * postmaster; NULL for nothing. */
static const char *
stand_in(const TblContext *context, const TblAddress *address, const TblDomain *domain)
{
    const char *postmaster = context->config->addresses.postmaster;
    if (domain->catch_all)
        return domain->catch_all;
    return *postmaster && is_role_address(address) ? postmaster : NULL;
}

/* True when something stands in. */
static bool
answer_nobody(TblWalk *walk, const TblAddress *address, const TblDomain *domain)
{
    const char *instead = stand_in(walk->context, address, domain);
    if (!instead)
        return false;
    TblAddress other;
    TblSlice text = tbl_slice(instead);
    const TblDomain *of_other = tbl_walk_declared(walk->domains, text);
    if (of_other && tbl_address_parse(&other, text)) {
        /* It must exist by itself, or a catch-all would lead to a catch-all. */
        TblLocation location;
        tbl_resolve_locate(walk->context, &other, of_other, &location);
        walk->failed = walk->failed || location.result == TBL_FAILED;
        if (location.result != TBL_FOUND)
            return false;
    }
    push_address(walk, text);
    return true;
}

/* The row of virtual_alias_maps that matches a located address; false when none does, and then
 * `itself` stands for it (at the end of the walk: TblWalk.itself). */
static bool
answer(TblWalk *walk, const TblAddress *address, const TblDomain *domain,
       const TblLocation *location, const Instead *itself)
{
    if (location->result == TBL_FAILED) {
        walk->failed = true;
        return true;
    }
    if (location->result == TBL_NOTFOUND)
        return !location->tombstone && !location->hidden && answer_nobody(walk, address, domain);
    const TblRow *row = &location->row;
    bool special =
        row->object_class == TBL_CLASS_DL || row->object_class == TBL_CLASS_REMOTE || row->forwards;
    const TblDomain *of_primary = NULL;
    TblSlice primary = rewritten(walk, domain, location, &of_primary);
    bool unfit = primary.len && walk->ascii_key && !tbl_slice_is_ascii(primary);
    g_autoptr(TblObject) object = NULL;
    bool expanding = special && expands(walk, domain, row->primary_address);
    if (expanding || unfit) {
        if (walk->context->view->object(walk->context->view, row->object, &object) != TBL_FOUND) {
            walk->failed = true;
            return true;
        }
        const TblProxy *fit = unfit ? tbl_walk_recipient_address(walk, object) : NULL;
        if (fit)
            primary = tbl_slice(fit->value);
        Instead of_forward = {primary, walk->extension, false};
        if (expanding &&
            expand_object(walk, object, &object, address, primary.len ? &of_forward : itself))
            return true;
    }
    if (!primary.len)
        return false;
    if (special && !same_address(address, primary))
        push_address(walk, primary);
    else
        tbl_walk_emit(walk, primary);
    return true;
}

/* Puts what an address was found through before what is put back already, until the step that is
 * pushed here is taken. What is longer than an address can be stays: it says all there is to say,
 * and contacts behind contacts could make it as long as they are many. */
static void
push_extension(TblWalk *walk, const char *found)
{
    char *outer = walk->extension;
    if (outer && strlen(outer) > TBL_ADDRESS_MAX)
        return;
    walk->extension = g_strconcat(found, outer, NULL);
    tbl_walk_push(walk,
                  (TblStep){.kind = TBL_STEP_EXTENSION, .outer = outer, .made = walk->extension});
}

/* An address met on the way (a target, a catch-all, the primary of a list): followed while the map
 * would answer it. */
static void
walk_address(TblWalk *walk, TblSlice spelling)
{
    TblAddress address;
    const TblDomain *domain = tbl_walk_declared(walk->domains, spelling);
    if (!domain || !tbl_address_parse(&address, spelling)) {
        tbl_walk_emit(walk, spelling);
        return;
    }
    TblLocation location;
    tbl_resolve_locate(walk->context, &address, domain, &location);
    Instead itself = {spelling, walk->extension, false};
    if (location.result == TBL_FOUND && location.extension[0] &&
        walk->context->config->addresses.propagate_virtual)
        push_extension(walk, location.extension);
    if (!answer(walk, &address, domain, &location, &itself))
        tbl_walk_emit_with(walk, spelling, itself.extension);
}

/* ---- Steps ---- */

/* True when the list has one more. */
static bool
walk_member(TblWalk *walk)
{
    TblStep *step = &g_array_index(walk->steps, TblStep, walk->steps->len - 1);
    const GPtrArray *members = step->object->refs[TBL_REFS_MEMBERS];
    if (step->next == members->len)
        return false;
    /* The step may move while others are put behind it, what it refers to stays. */
    walk_reference(walk, step->object->origin, g_ptr_array_index(members, step->next++));
    return true;
}

static void
take_step(TblWalk *walk)
{
    const TblStep *last = &g_array_index(walk->steps, TblStep, walk->steps->len - 1);
    if (last->kind == TBL_STEP_MEMBERS && walk_member(walk))
        return;
    g_auto(TblStep) step = tbl_walk_pop(walk);
    switch (step.kind) {
    case TBL_STEP_MEMBERS:
        break;
    case TBL_STEP_REFERENCE:
        walk_reference(walk, step.origin, step.text);
        break;
    case TBL_STEP_ADDRESS:
        walk_address(walk, tbl_slice(step.text));
        break;
    case TBL_STEP_EXTENSION:
        walk->extension = step.outer;
        break;
    case TBL_STEP_FORWARD:
        tbl_walk_finish_forward(walk, &step);
        break;
    }
}

static void
take_steps(TblWalk *walk)
{
    while (walk->steps->len > 0 && !walk->failed && !walk->over)
        take_step(walk);
}

/* ---- The answer ---- */

/* The common cases without a single allocation: nobody, and a mailbox. Sets `*result` and returns
 * true when one applies. */
static bool
answer_simply(TblWalk *walk, const TblAddress *address, const TblDomain *domain,
              const TblLocation *location, GString *value, TblAlias *result)
{
    const TblRow *row = &location->row;
    if (location->result == TBL_NOTFOUND &&
        (location->tombstone || location->hidden || !stand_in(walk->context, address, domain))) {
        *result = TBL_ALIAS_NONE;
        return true;
    }
    if (location->result != TBL_FOUND || location->extension[0] || row->forwards ||
        (row->object_class != TBL_CLASS_MAILBOX && row->object_class != TBL_CLASS_PUBLIC_FOLDER))
        return false;
    const TblDomain *of_primary = NULL;
    TblSlice primary = rewritten(walk, domain, location, &of_primary);
    if (primary.len && walk->ascii_key && !tbl_slice_is_ascii(primary))
        return false;
    bool nowhere = primary.len && tbl_walk_is_alias_domain(walk->domains, of_primary);
    if (!primary.len || nowhere || (location->mirrored && same_address(address, primary))) {
        *result = nowhere ? TBL_ALIAS_ABSENT : TBL_ALIAS_NONE;
        return true;
    }
    g_string_append_len(value, primary.ptr, (gssize)primary.len);
    *result = TBL_ALIAS_VALUE;
    return true;
}

static TblAlias
finish(TblWalk *walk, const TblAddress *address, const TblLocation *location, bool answered,
       GString *value)
{
    if (walk->failed)
        return TBL_ALIAS_FAILED;
    if (walk->over)
        return TBL_ALIAS_OVER;
    if (!answered)
        return TBL_ALIAS_NONE;
    if (g_hash_table_size(walk->recipients) > 0)
        return tbl_walk_join(walk, address, value);
    bool list = location->result == TBL_FOUND && location->row.object_class == TBL_CLASS_DL;
    return list || walk->cycle ? TBL_ALIAS_EMPTY : TBL_ALIAS_ABSENT;
}

TblAlias
tbl_resolve_alias_of(const TblContext *context, const TblObject *object)
{
    TblWalk walk = {.context = context, .domains = context->view->domains(context->view)};
    tbl_walk_begin(&walk);
    TblObject *owned = NULL;
    enter_object(&walk, object, &owned);
    take_steps(&walk);
    TblAlias result = walk.failed       ? TBL_ALIAS_FAILED
                      : walk.over       ? TBL_ALIAS_OVER
                      : walk.yields > 0 ? TBL_ALIAS_VALUE
                                        : TBL_ALIAS_EMPTY;
    tbl_walk_end(&walk);
    return result;
}

TblAlias
tbl_resolve_alias(const TblContext *context, const TblAddress *address, const TblDomain *domain,
                  const TblLocation *location, GString *value)
{
    TblAlias result;
    TblWalk walk = {
        .context = context,
        .domains = context->view->domains(context->view),
        .ascii_key = tbl_slice_is_ascii((TblSlice){address->text, address->local_len}),
    };
    if (answer_simply(&walk, address, domain, location, value, &result))
        return result;
    tbl_walk_begin(&walk);
    if (location->result == TBL_FOUND && location->extension[0] &&
        context->config->addresses.propagate_virtual)
        walk.extension = (char *)location->extension;
    const Instead itself = {.asked = true};
    bool answered = answer(&walk, address, domain, location, &itself);
    take_steps(&walk);
    result = finish(&walk, address, location, answered && !walk.itself, value);
    tbl_walk_end(&walk);
    return result;
}
