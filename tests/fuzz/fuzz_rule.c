/* Rule, then a line break, then first name, last name and alias, one a line: what comes out is a
 * local part. */
#include "tables/rule.h"

#include "tables/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const TblText texts[] = {TBL_TEXT_FIRST, TBL_TEXT_LAST, TBL_TEXT_ALIAS};
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", G_N_ELEMENTS(texts) + 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(TblRule) rule = lines[0] ? tbl_rule_parse(lines[0], "new.example", &error) : NULL;
    if (!rule) {
        g_assert_true(!lines[0] || error != NULL);
        return 0;
    }
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "u1");
    for (guint i = 0; i < G_N_ELEMENTS(texts) && lines[i + 1]; i++) {
        g_autofree char *valid = g_utf8_make_valid(lines[i + 1], -1);
        tbl_object_set_text(object, texts[i], valid);
    }
    for (TblRuleLetters letters = TBL_RULE_GERMAN; letters <= TBL_RULE_NORDIC; letters++) {
        g_autofree char *local = tbl_rule_expand(rule, object, letters);
        TblAddress parsed;
        if (!local)
            continue;
        g_autoptr(GString) address = g_string_new(NULL);
        tbl_address_append_external(address, tbl_slice(local), tbl_slice("new.example"));
        g_assert_true(*local && tbl_address_parse_strict(&parsed, tbl_slice(address->str), NULL));
    }
    return 0;
}
