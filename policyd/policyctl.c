/* policyctl: the administrator's program. Its verbs live in the ctl_ rooms. */
#include "policyd/ctl.h"

static const TblCommand commands[] = {
    {"domain", "add", "DOMAIN... --class=relay|virtual-mailbox|virtual-alias|route [OPTION...]",
     "declare mail domains", pd_ctl_domain_add},
    {"domain", "set", "DOMAIN... OPTION...", "change declarations; an empty value removes",
     pd_ctl_domain_set},
    {"domain", "remove", "DOMAIN [--force]", "end a declaration", pd_ctl_domain_remove},
    {"domain", "list", "[--json]", "show all declarations", pd_ctl_domain_list},
    {"domain", "check", "DOMAIN... [--resolver=HOST:PORT]", "compare with the DNS",
     pd_ctl_domain_check},
    {"object", "add",
     "NAME [--class=mailbox|remote|dl|public-folder] [--address=ADDRESS...] [OPTION...]",
     "create a directory object", pd_ctl_object_add},
    {"object", "show", "NAME-OR-ADDRESS [--json]", "show one object", pd_ctl_object_show},
    {"object", "list", "[--domain=DOMAIN] [--json]", "list objects", pd_ctl_object_list},
    {"object", "remove", "NAME", "delete an object", pd_ctl_object_remove},
    {"address", "add", "NAME ADDRESS", "give an object one more address", pd_ctl_address_add},
    {"address", "remove", "ADDRESS [--moved-to=ADDRESS | --gone[=TEXT]] [--for=DURATION]",
     "take an address away", pd_ctl_address_remove},
    {"address", "promote", "ADDRESS", "make a secondary the primary", pd_ctl_address_promote},
    {"lookup", NULL, "MAP KEY", "ask the running daemon as Postfix does", pd_ctl_lookup},
    {"explain", NULL, "ADDRESS [--json]", "why an address is answered as it is", pd_ctl_explain},
    {"policy", NULL, "[FILE|-]", "replay captured policy requests", pd_ctl_policy},
    {"compare", NULL, "MAP --with=TYPE:TABLE [--keys=FILE]",
     "compare with another table of Postfix", pd_ctl_compare},
    {"status", NULL, "[--json]", "show the store and the daemon", pd_ctl_status},
    {"postconf", NULL, "[--apply] [--with=MAP...]", "show or set main.cf for what is declared",
     pd_ctl_postconf},
    {"doctor", NULL, "[--json]", "find what is wrong, and say what helps", pd_ctl_doctor},
    {"history", NULL, "[--verify] [--json]", "list the batches, check their chain", pd_ctl_history},
    {"show", NULL, "BATCH [--json]", "show what one batch changed", pd_ctl_show},
    {"rollback", NULL, "BATCH [--dry-run]", "undo one batch", pd_ctl_rollback},
    {"export", NULL, "[--format=gif|ldif|postmap|json] [--map=MAP] [--output=FILE]",
     "write out objects, or one map", pd_ctl_export},
    {"reload", NULL, "", "make the daemon read its configuration again", pd_ctl_reload},
    {0}};

int
main(int argc, char **argv)
{
    return tbl_command_main("policyctl", commands, argc, argv);
}
