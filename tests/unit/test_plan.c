#include "gif/plan.h"

#include "tests/unit/fixture.h"
#include "tests/unit/gif_fixture.h"

/* What one file did. */
typedef struct {
    char *codes;
    guint changed, unchanged, failed;
} Outcome;

static void
outcome_clear(Outcome *outcome)
{
    g_free(outcome->codes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static void
outcome_add(G_GNUC_UNUSED const GifBlock *block, G_GNUC_UNUSED guint row, GifRowResult result,
            gpointer data)
{
    Outcome *outcome = data;
    outcome->changed += result == GIF_ROW_CHANGED;
    outcome->unchanged += result == GIF_ROW_UNCHANGED;
    outcome->failed += result == GIF_ROW_FAILED;
}

/* Decides a file against the fixture's draft. */
static Outcome
run(Fixture *fixture, GifPlanOptions options, const char *text)
{
    Outcome outcome = {0};
    g_autofree char *json = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&json, &size);
    GifDialect dialect = {gif_csv_sniff(tbl_slice(text), '"'), '"', '%', options.compat};
    GifDiagnostics *diagnostics = gif_diagnostics_new(true, out);
    g_autoptr(GifLedger) ledger = gif_ledger_new(1);
    GifPlan *plan = gif_plan_new(fixture->store, fixture_draft(fixture), fixture->config, options,
                                 diagnostics, ledger);
    g_autoptr(GError) error = NULL;
    GifPipelineOptions how = {.dialect = dialect,
                              .mode = options.mode,
                              .compat = options.compat,
                              .propose = gif_plan_wants_proposals(plan)};
    gif_fixture_decide(plan, diagnostics, 0, text, how, outcome_add, &outcome);
    gif_plan_finish(plan, &error);
    g_assert_no_error(error);
    gif_plan_free(plan);
    gif_diagnostics_free(diagnostics);
    fclose(out);
    outcome.codes = gif_fixture_codes_of_json(json);
    return outcome;
}

static void
append_refs(GString *out, const char *label, const GPtrArray *refs)
{
    for (guint i = 0; i < refs->len; i++)
        g_string_append_printf(out, "%s%s", i ? "|" : label,
                               (const char *)g_ptr_array_index(refs, i));
}

static bool
dump_change(const TblObject *before, const TblObject *after, gpointer data)
{
    GString *out = data;
    if (!after) {
        g_string_append_printf(out, "-%s;", before->name);
        return true;
    }
    g_string_append_printf(out, "%s/%s{", tbl_class_name(after->object_class), after->name);
    for (guint i = 0; i < after->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(after->addresses, i);
        g_autofree char *lower = g_ascii_strdown(proxy->type, -1);
        g_string_append_printf(out, "%s%s:%s", i ? " " : "", proxy->primary ? proxy->type : lower,
                               proxy->value);
    }
    if (after->target)
        g_string_append_printf(out, " target=%s:%s", after->target->type, after->target->value);
    append_refs(out, " members=", after->refs[TBL_REFS_MEMBERS]);
    append_refs(out, " accept=", after->refs[TBL_REFS_ACCEPT_FROM]);
    g_string_append(out, "};");
    return true;
}

/* Every object that the draft changes. */
static char *
dump(Fixture *fixture)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(tbl_draft_foreach_change(fixture_draft(fixture), dump_change, out, &error));
    return g_string_free(out, FALSE);
}

#define ANN                                                                                        \
    "Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\n"                        \
    "mailbox,ann,SMTP:ann@n.example,smtp:a.lee@n.example\n"
#define P "Obj-Class,Directory Name,E-mail Addresses\n"
#define S "Obj-Class,Directory Name,Secondary-Proxy-Addresses\n"
#define PS "Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\n"
#define T "Obj-Class,Directory Name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses\n"
#define M "Obj-Class,Mode,Directory Name,E-mail Addresses\n"
#define L "Obj-Class,Directory Name,Members\n"

enum { PLAIN, OVERWRITE, COMPAT };

typedef struct {
    const char *name;
    int option;
    const char *before; /* imported first, plainly */
    const char *file;
    const char *codes; /* without infos about undeclared domains */
    const char *store;
} Case;

static const Case cases[] = {
    {"create", PLAIN, NULL, ANN, "", "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"promote", PLAIN, ANN, P "mailbox,ann,SMTP:A.Lee@n.example\n", "",
     "mailbox/ann{SMTP:A.Lee@n.example smtp:ann@n.example};"},
    {"promote drops in compat", COMPAT, ANN, P "mailbox,ann,SMTP:a.lee@n.example\n", "",
     "mailbox/ann{SMTP:a.lee@n.example};"},
    {"the old primary listed as secondary survives compat", COMPAT, ANN,
     PS "mailbox,ann,SMTP:new@n.example,smtp:ann@n.example\n", "",
     "mailbox/ann{SMTP:new@n.example smtp:a.lee@n.example smtp:ann@n.example};"},
    {"demoted goes last", PLAIN, ANN, PS "mailbox,ann,SMTP:new@n.example,smtp:x@n.example\n", "",
     "mailbox/ann{SMTP:new@n.example smtp:a.lee@n.example smtp:ann@n.example smtp:x@n.example};"},
    {"overwrite is exact", OVERWRITE, ANN, PS "mailbox,ann,SMTP:new@n.example,smtp:x@n.example\n",
     "", "mailbox/ann{SMTP:new@n.example smtp:x@n.example};"},
    {"overwrite with a blank cell", OVERWRITE, ANN, PS "mailbox,ann,SMTP:ann@n.example,\n", "",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"overwrite keeps other types", OVERWRITE, ANN, P "mailbox,ann,MS:NET/PO/ANN\n", "",
     "mailbox/ann{MS:NET/PO/ANN SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"small letters are a secondary", PLAIN, NULL,
     P "mailbox,bo,SMTP:bo@n.example%smtp:b@n.example\n", "2:W233",
     "mailbox/bo{SMTP:bo@n.example smtp:b@n.example};"},
    {"small letters in compat", COMPAT, ANN, P "mailbox,ann,SMTP:bo@n.example%smtp:b@n.example\n",
     "2:E233", "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"twice in a column", PLAIN, NULL, P "mailbox,bo,SMTP:bo@n.example%SMTP:BO@N.example\n",
     "2:W243", "mailbox/bo{SMTP:bo@n.example};"},
    {"in both columns", PLAIN, NULL,
     "Obj-Class,Directory Name,Secondary-Proxy-Addresses,E-mail Addresses\n"
     "mailbox,bo,smtp:bo@n.example,SMTP:bo@n.example\n",
     "2:W243", "mailbox/bo{SMTP:bo@n.example};"},
    {"the primary as secondary", PLAIN, ANN, S "mailbox,ann,smtp:ann@n.example\n", "2:I243",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"case replaces", PLAIN, ANN, S "mailbox,ann,smtp:A.LEE@N.EXAMPLE\n", "",
     "mailbox/ann{SMTP:ann@n.example smtp:A.LEE@n.example};"},
    {"no address", PLAIN, ANN, S "mailbox,ann,smtp:nowhere\n", "2:E237",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"type faults", PLAIN, ANN,
     S "mailbox,ann,:x\nmailbox,ann,LONGTYPES:x\nmailbox,ann,X!:x\nmailbox,ann,X:\n",
     "2:E231 3:E232 4:E245 5:E237", "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"bare in compat", COMPAT, ANN, S "mailbox,ann,x@n.example\n", "2:E230",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"blanks", PLAIN, ANN, S "mailbox,ann,\"smtp: x@n.example \"\n", "2:W912",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example smtp:x@n.example};"},
    /* removals */
    {"delete by value", PLAIN, ANN, P "mailbox,ann,~DEL<smtp:A.LEE@n.example>\n", "",
     "mailbox/ann{SMTP:ann@n.example};"},
    {"delete what is not there", PLAIN, ANN,
     S "mailbox,ann,~DEL<smtp:x@n.example>\nmailbox,ann,~DEL<X400:>\n", "2:W150 3:W150",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"delete all secondaries twice", PLAIN, ANN, S "mailbox,ann,~DEL\nmailbox,ann,~del\n", "3:W150",
     "mailbox/ann{SMTP:ann@n.example};"},
    {"a type of its own column", PLAIN, ANN, S "mailbox,ann,~DEL<SMTP:>\n", "",
     "mailbox/ann{SMTP:ann@n.example};"},
    {"both columns emptied", PLAIN, ANN, PS "mailbox,ann,~DEL<SMTP:>,~DEL\n", "", "mailbox/ann{};"},
    {"a primary with its successor", PLAIN, ANN,
     PS "mailbox,ann,SMTP:n@n.example,~DEL<SMTP:ann@n.example>\n", "",
     "mailbox/ann{SMTP:n@n.example smtp:a.lee@n.example};"},
    {"267", PLAIN, ANN, PS "mailbox,ann,,~DEL<SMTP:ann@n.example>\n", "2:E267",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"secondaries without a primary are no 267", PLAIN, NULL,
     S "mailbox,bo,smtp:b@n.example\nmailbox,bo,smtp:c@n.example\n", "",
     "mailbox/bo{smtp:b@n.example smtp:c@n.example};"},
    {"quoted ~DEL where all is quoted", PLAIN, ANN, S "\"mailbox\",\"ann\",\"~DEL\"\n", "2:I913",
     "mailbox/ann{SMTP:ann@n.example};"},
    {"a name of ~DEL", PLAIN, NULL, P "mailbox,~DEL,\nmailbox,~DEL<x>,\n", "2:E275 3:E275", ""},
    {"blank SMTP in compat", COMPAT, ANN, PS "mailbox,ann,SMTP:,~DEL\n", "", "mailbox/ann{};"},
    /* rows */
    {"class faults", PLAIN, NULL, P ",bo,\nrobot,bo,\ncontainer,bo,\n", "2:E218 3:E228 4:I916", ""},
    {"class synonyms", PLAIN, NULL,
     P "Distribution List,a,\nPublic Folder,b,\nDISTRIBUTION-LIST,c,\n", "",
     "dl/a{};dl/c{};public-folder/b{};"},
    {"no name", PLAIN, NULL, P "mailbox,,SMTP:a@n.example\n", "2:E219", ""},
    {"line break in a name", PLAIN, NULL, P "mailbox,\"a\nb\",\nmailbox,c,\n", "2:E275",
     "mailbox/c{};"},
    {"modes", PLAIN, ANN,
     M "mailbox,Create,ann,\nmailbox,MODIFY,bo,\nmailbox,,bo,\nmailbox,delete,ann,nonsense\n",
     "2:E287 3:E288", "mailbox/bo{};"},
    {"delete and create anew as another class", PLAIN, ANN,
     M "mailbox,delete,ANN,\ndl,create,ann,SMTP:ann@n.example\n", "",
     "dl/ann{SMTP:ann@n.example};"},
    {"surplus blank fields", PLAIN, NULL, P "mailbox,bo,,,\nmailbox,cy,,,x\n", "2:W291 3:E291",
     "mailbox/bo{};"},
    {"surplus in compat", COMPAT, ANN, P "mailbox,ann,,\n", "2:E291",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"the first fault ends the row", PLAIN, ANN,
     M "robot,upsert,,=x\nmailbox,upsert,,=x\nmailbox,modify,,=x\n", "2:E228 3:E221 4:E219",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"lexical faults come before syntax", PLAIN, ANN, PS "mailbox,ann,nothing,~DELx\n", "2:E245",
     "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    {"nothing of a bad row is kept", PLAIN, ANN, PS "mailbox,ann,SMTP:ok@n.example,smtp:bad\n",
     "2:E237", "mailbox/ann{SMTP:ann@n.example smtp:a.lee@n.example};"},
    /* uniqueness */
    {"the first row has it", PLAIN, NULL,
     P "mailbox,a,SMTP:x@n.example\nmailbox,b,SMTP:X@N.example\n", "3:E238",
     "mailbox/a{SMTP:x@n.example};"},
    {"a freed address can be taken", PLAIN, ANN,
     PS "mailbox,ann,,~DEL<SMTP:a.lee@n.example>\nmailbox,bo,,smtp:a.lee@n.example\n", "",
     "mailbox/ann{SMTP:ann@n.example};mailbox/bo{smtp:a.lee@n.example};"},
    {"other types too", PLAIN, NULL,
     P "mailbox,a,\"X400:c=US;a= ;s=Lee;\"\nmailbox,b,\"x400:C=us;A= ;S=LEE;\"\n", "3:W233 3:E238",
     "mailbox/a{X400:c=US;a= ;s=Lee;};"},
    /* remotes */
    {"target becomes the primary", PLAIN, NULL, T "remote,r,SMTP:r@far.example,,\n", "",
     "remote/r{SMTP:r@far.example target=SMTP:r@far.example};"},
    {"target and its own secondary", PLAIN, NULL,
     T "remote,r,SMTP:r@far.example,,smtp:R@far.example\n", "",
     "remote/r{SMTP:R@far.example target=SMTP:r@far.example};"},
    {"an own primary", PLAIN, NULL, T "remote,r,SMTP:r@far.example,SMTP:r@n.example,\n", "",
     "remote/r{SMTP:r@n.example target=SMTP:r@far.example};"},
    {"another type's target", PLAIN, NULL, T "remote,r,NOTES:R/Far,SMTP:r@n.example,\n", "",
     "remote/r{NOTES:R/Far SMTP:r@n.example target=NOTES:R/Far};"},
    {"target faults", PLAIN, NULL,
     T "remote,a,,,\nremote,b,SMTP:b,,\nremote,c,~DEL,,\nremote,d,=x,,\nremote,e,X,,\n",
     "2:E292 3:E235 4:E241 5:E295 6:E235", ""},
    {"target replaced, not removed", PLAIN, T "remote,r,SMTP:r@far.example,,\n",
     T "remote,r,SMTP:s@far.example,,\nremote,r,~DEL,,\nremote,r,,,\n", "3:E266",
     "remote/r{SMTP:r@far.example target=SMTP:s@far.example};"},
    {"targets are unique", PLAIN, NULL,
     T "remote,a,SMTP:x@far.example,SMTP:a@n.example,\nremote,b,SMTP:X@far.example,SMTP:b@n."
       "example,\n",
     "3:E236", "remote/a{SMTP:a@n.example target=SMTP:x@far.example};"},
    {"a target is nobody's address", PLAIN, NULL,
     T "remote,a,SMTP:x@far.example,SMTP:a@n.example,\nmailbox,b,,SMTP:x@far.example,\n", "3:E238",
     "remote/a{SMTP:a@n.example target=SMTP:x@far.example};"},
    {"a target on a mailbox", PLAIN, NULL, T "mailbox,a,SMTP:x@far.example,,\n", "2:W265",
     "mailbox/a{};"},
    {"the target speaks before the cells", PLAIN, NULL, T "remote,a,SMTP:bad,nothing,\n", "2:E235",
     ""},
    /* lists */
    {"members", PLAIN, NULL, L "dl,d,a%Recipients/cn=b%/o=O/ou=S/cn=Recipients/cn=C%A\n",
     "2:I909 2:I909 2:I909 2:I909", "dl/d{ members=a|b|C};"},
    {"members of many rows", PLAIN, NULL, L "dl,d,a\ndl,d,b\nmailbox,a,\ndl,d,~DEL<A>\ndl,d,c\n",
     "3:I909 6:I909", "dl/d{ members=b|c};mailbox/a{};"},
    {"members come and go", PLAIN, NULL, L "dl,d,a%b\ndl,d,~DEL\ndl,d,~DEL\ndl,d,c%c\n",
     "4:W150 2:I909 2:I909 5:I909 5:I909", "dl/d{ members=c};"},
    {"members replaced", OVERWRITE, L "dl,d,a%b\n", L "dl,d,c\n", "2:I909", "dl/d{ members=c};"},
    {"a held list is a list like others", PLAIN, L "dl,d,a\n",
     "Obj-Class,Directory Name,E-mail "
     "Addresses,Members\ndl,d,,b\ndl,d,SMTP:d@n.example,c\ndl,d,nonsense,x\ndl,d,,e\n"
     "mailbox,m,SMTP:d@n.example,\n",
     "4:E230 6:E238 2:I909 3:I909 5:I909", "dl/d{SMTP:d@n.example members=a|b|c|e};"},
    {"a held list is deleted", PLAIN, L "dl,d,a\n",
     "Obj-Class,Mode,Directory Name,Members\ndl,,d,b\ndl,delete,d,\ndl,,d,c\n", "2:I909 4:I909",
     "dl/d{ members=c};"},
    {"membership of others", PLAIN, L "dl,d,a\n",
     L "mailbox,m,d%later%never\ndl,later,\nmailbox,m,~DEL<d>\n", "2:W284",
     "dl/d{ members=a};dl/later{ members=m};mailbox/m{};"},
    {"no reference", PLAIN, NULL, L "dl,d,/o=O/ou=S\ndl,e,a/cn=\n", "2:E274 3:E274", ""},
};

static char *
without_domain_infos(const char *codes)
{
    g_auto(GStrv) words = g_strsplit(codes, " ", -1);
    GString *out = g_string_new(NULL);
    for (gsize i = 0; words[i]; i++) {
        if (!g_str_has_suffix(words[i], ":I908"))
            g_string_append_printf(out, "%s%s", out->len ? " " : "", words[i]);
    }
    return g_string_free(out, FALSE);
}

static void
test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_autoptr(Fixture) fixture = fixture_new("");
        if (c->before) {
            g_auto(Outcome) before = run(fixture, (GifPlanOptions){0}, c->before);
            g_assert_cmpuint(before.failed, ==, 0);
        }
        g_auto(Outcome) outcome = run(
            fixture,
            (GifPlanOptions){.overwrite = c->option == OVERWRITE, .compat = c->option == COMPAT},
            c->file);
        g_autofree char *codes = without_domain_infos(outcome.codes);
        g_autofree char *store = dump(fixture);
        g_test_message("%s", c->name);
        g_assert_cmpstr(codes, ==, c->codes);
        g_assert_cmpstr(store, ==, c->store);
    }
}

/* A second run of the same file changes nothing, row by row. */
static void
test_again(void)
{
    static const char file[] =
        "Obj-Class,Directory Name,Display Name,Hide from AB,E-mail address,E-mail Addresses,"
        "Secondary-Proxy-Addresses,Members,Incoming message size limit,Accept messages from\n"
        "mailbox,ann,\"Lee, Ann\",1,,SMTP:ann@n.example%X400:c=US;,smtp:x@n.example,,0,bo\n"
        "remote,r,,0,SMTP:r@far.example,,,,,\n"
        "dl,d,,,,SMTP:d@n.example,,ann%r%Recipients/cn=x,,\n";
    for (guint overwrite = 0; overwrite < 2; overwrite++) {
        g_autoptr(Fixture) fixture = fixture_new("");
        g_auto(Outcome) first = run(fixture, (GifPlanOptions){.overwrite = overwrite}, file);
        g_assert_cmpuint(first.changed, ==, 3);
        g_assert_cmpuint(fixture_commit(fixture), >, 0);
        g_auto(Outcome) second = run(fixture, (GifPlanOptions){.overwrite = overwrite}, file);
        g_assert_cmpuint(second.unchanged, ==, 3);
        g_assert_cmpuint(fixture_commit(fixture), ==, 0);
    }
}

static void
test_attributes(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GError) error = NULL;
    g_auto(Outcome) one =
        run(fixture, (GifPlanOptions){0},
            "Obj-Class,Directory Name,First Name,Last name,Display Name,Alias "
            "Name,Initials,Primary Windows NT Account,"
            "Home-Server,Hide from AB,Incoming message size limit,Outgoing message size "
            "limit,Alternate recipient,"
            "Deliver-And-Redirect,Obj-Container,Custom Attribute 1,Accept messages from\n"
            "mailbox,ann,Ann,Lee,\" "
            "\",alee,X,DOM\\\\ann,S1,1,0,512,/o=O/ou=S/cn=Recipients/cn=bo,1,Staff,"
            "\"a\nb\",bo%cy\n");
    g_assert_cmpuint(one.failed, ==, 0);
    g_autoptr(TblObject) ann =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ANN", &error);
    g_assert_nonnull(ann);
    g_assert_cmpstr(ann->text[TBL_TEXT_FIRST], ==, "Ann");
    g_assert_cmpstr(ann->text[TBL_TEXT_LAST], ==, "Lee");
    g_assert_cmpstr(ann->text[TBL_TEXT_DISPLAY], ==, " ");
    g_assert_cmpstr(ann->text[TBL_TEXT_ALIAS], ==, "alee");
    g_assert_cmpstr(ann->text[TBL_TEXT_ACCOUNT], ==, "DOM\\ann");
    g_assert_cmpstr(ann->text[TBL_TEXT_HOME_SERVER], ==, "S1");
    g_assert_cmpstr(ann->text[TBL_TEXT_FORWARD], ==, "bo");
    g_assert_cmpstr(ann->text[TBL_TEXT_CONTAINER], ==, "Staff");
    g_assert_true(ann->hidden);
    g_assert_true(ann->deliver_and_redirect);
    g_assert_cmpint(ann->limit_in, ==, 0);
    g_assert_cmpint(ann->limit_out, ==, 512);
    g_assert_cmpstr(g_ptr_array_index(ann->other, 0), ==, "Extension-Attribute-1");
    g_assert_cmpstr(g_ptr_array_index(ann->other, 1), ==, "a\nb");
    g_assert_cmpuint(ann->refs[TBL_REFS_ACCEPT_FROM]->len, ==, 2);

    /* blank leaves, ~DEL removes, ~DEL of nothing warns */
    g_auto(Outcome) two =
        run(fixture, (GifPlanOptions){0},
            "Obj-Class,Directory Name,First Name,Last name,Hide from AB,Incoming message size "
            "limit,Custom Attribute 1,"
            "Company,Accept messages from\nmailbox,ann,,~DEL,~DEL,~DEL,~DEL,~DEL,~DEL\n");
    g_assert_cmpstr(two.codes, ==, "2:W150");
    g_autoptr(TblObject) after =
        tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "ann", &error);
    g_assert_cmpstr(after->text[TBL_TEXT_FIRST], ==, "Ann");
    g_assert_null(after->text[TBL_TEXT_LAST]);
    g_assert_false(after->hidden);
    g_assert_cmpint(after->limit_in, ==, TBL_LIMIT_NONE);
    g_assert_cmpuint(after->other->len, ==, 0);
    g_assert_cmpuint(after->refs[TBL_REFS_ACCEPT_FROM]->len, ==, 0);

    g_auto(Outcome) three =
        run(fixture, (GifPlanOptions){0},
            "Obj-Class,Directory Name,Hide from AB,Incoming message size limit\n"
            "mailbox,x,maybe,\nmailbox,x,,10MB\nmailbox,x,~DEL,\n");
    g_assert_cmpstr(three.codes, ==, "2:E271 3:E271 4:E241");
}

/* `~DEL` in Members of an object that is no list: it leaves all lists, stored and new. */
static void
test_departure(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_auto(Outcome) before =
        run(fixture, (GifPlanOptions){0}, L "dl,d,a%m\ndl,e,M\ndl,f,a\nmailbox,m,\n");
    g_assert_cmpuint(before.failed, ==, 0);
    fixture_commit(fixture);
    g_auto(Outcome) outcome =
        run(fixture, (GifPlanOptions){0}, L "dl,new,m%x\nmailbox,m,~DEL\nmailbox,m,~DEL\n");
    g_autofree char *store = dump(fixture);
    g_assert_cmpstr(outcome.codes, ==, "4:W150 2:I909");
    g_assert_cmpstr(store, ==, "dl/d{ members=a};dl/e{};dl/new{ members=x};");
}

/* What a target may be depends on the class of its domain. */
static void
test_declared_targets(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    fixture_declare(fixture, tbl_domain_new("relay.example", TBL_DOMAIN_RELAY));
    fixture_declare(fixture, tbl_domain_new("alias.example", TBL_DOMAIN_VIRTUAL_ALIAS));
    g_auto(Outcome) outcome = run(fixture, (GifPlanOptions){0},
                                  T "mailbox,ann,,SMTP:ann@alias.example,\n"
                                    "remote,own,SMTP:own@relay.example,,\n"
                                    "remote,loop,SMTP:loop@alias.example,,\n"
                                    "remote,other,SMTP:ann@alias.example,,smtp:o@alias.example\n");
    g_autofree char *store = dump(fixture);
    g_assert_cmpstr(outcome.codes, ==, "4:E235");
    g_assert_cmpstr(store, ==,
                    "mailbox/ann{SMTP:ann@alias.example};"
                    "remote/other{smtp:o@alias.example target=SMTP:ann@alias.example};"
                    "remote/own{SMTP:own@relay.example target=SMTP:own@relay.example};");
}

/* A thousand addresses fit, one more is an error of the row. */
static void
test_address_limit(void)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autoptr(GString) file = g_string_new(S "mailbox,a,");
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(file, "%ssmtp:a%u@n.example", i ? "%" : "", i);
    g_string_append(file, "\nmailbox,a,smtp:more@n.example\n");
    g_auto(Outcome) outcome = run(fixture, (GifPlanOptions){0}, file->str);
    g_assert_cmpstr(outcome.codes, ==, "2:I908 3:E907");
    g_assert_cmpuint(outcome.changed, ==, 1);
}

/* Rows that each add a member to one long list take constant time each. */
static void
test_long_list(void)
{
    const guint rows = 20000;
    double seconds[2];
    for (guint pass = 0; pass < 2; pass++) {
        g_autoptr(Fixture) fixture = fixture_new("");
        g_autoptr(GString) file = g_string_new(L);
        for (guint i = 0; i < rows << pass; i++)
            g_string_append_printf(file, "dl,d,m%u@far.example\n", i);
        gint64 start = g_get_monotonic_time();
        g_auto(Outcome) outcome = run(fixture, (GifPlanOptions){0}, file->str);
        seconds[pass] = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
        g_assert_cmpuint(outcome.changed, ==, rows << pass);
        g_autoptr(TblObject) list =
            tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, "d", NULL);
        g_assert_cmpuint(list->refs[TBL_REFS_MEMBERS]->len, ==, rows << pass);
    }
    g_test_message("%u rows: %.3f s, twice as many: %.3f s", rows, seconds[0], seconds[1]);
    /* Quadratic would be four times; a loaded machine may double one of the two. */
    g_assert_cmpfloat(seconds[1], <, 3.5 * seconds[0] + 0.5);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/cases", test_cases);
    g_test_add_func("/plan/again", test_again);
    g_test_add_func("/plan/attributes", test_attributes);
    g_test_add_func("/plan/departure", test_departure);
    g_test_add_func("/plan/declared-targets", test_declared_targets);
    g_test_add_func("/plan/address-limit", test_address_limit);
    g_test_add_func("/plan/long-list", test_long_list);
    return g_test_run();
}
