/* The tables of the page: conflicts, domains with their bars, changes, diagnostics. */
#include "gif/report_state.h"

/* Domains with a row of their own in the page; the others are counted together. */
#define DOMAINS_SHOWN 1000
/* Of these, those that are open from the start. */
#define DOMAINS_OPEN 12
/* Units of a bar's full width. */
#define BAR_WIDTH 1000

void
gif_report_begin_section(GString *out, const char *id, const char *title, guint64 count)
{
    g_string_append_printf(out, "<section id=\"%s\">\n<h2>%s", id, title);
    if (count > 0) {
        g_string_append(out, " <span class=\"count\">");
        gif_report_append_number(out, count);
        g_string_append(out, "</span>");
    }
    g_string_append(out, "</h2>\n");
}

void
gif_report_begin_table(GString *out, const char *label, const char *class_name,
                       const char *const *columns)
{
    /* One that is too wide scrolls, also by keyboard. */
    g_string_append_printf(out,
                           "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
                           "aria-label=\"%s\">\n<table class=\"%s\">\n<thead><tr>",
                           label, class_name);
    for (guint i = 0; columns[i]; i++) {
        bool number = columns[i][0] == '#';
        g_string_append_printf(out, "<th scope=\"col\"%s>%s</th>", number ? " class=\"n\"" : "",
                               columns[i] + number);
    }
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

/* ---- Conflicts ---- */

static void
side_append(GString *out, const GifConflictSide *side, const char *relation)
{
    g_string_append_printf(out, "<td>%s ", tbl_class_name(side->object_class));
    g_string_append(out, "<b>");
    gif_report_append_text(out, side->name, GIF_REPORT_NAME_MAX);
    g_string_append(out, "</b><small>");
    if (relation) {
        g_string_append_printf(out, "as its %s, from ", relation);
    }
    gif_report_append_text(out, side->place, GIF_REPORT_NAME_MAX);
    g_string_append(out, "</small></td>");
}

void
gif_report_append_conflicts(GString *out, const GifConflicts *conflicts)
{
    if (!conflicts || gif_conflicts_count(conflicts) == 0) {
        return;
    }
    gif_report_begin_section(out, "conflicts", "Conflicts", gif_conflicts_count(conflicts));
    static const char *const columns[] = {"What", "Wanted by", "Belongs to", "Code", NULL};
    gif_report_begin_table(out, "Conflicts", "", columns);
    for (guint i = 0; i < gif_conflicts_kept(conflicts); i++) {
        const GifConflict *conflict = gif_conflicts_get(conflicts, i);
        g_string_append(out, "<tr><th scope=\"row\">");
        gif_report_append_text(out, conflict->subject, GIF_REPORT_VALUE_MAX);
        g_string_append(out, "</th>");
        side_append(out, &conflict->wanted, NULL);
        side_append(out, &conflict->owner, conflict->relation);
        g_string_append_printf(out, "<td>GIF%04d</td></tr>\n", conflict->code);
    }
    g_string_append(out, GIF_REPORT_TABLE_END);
    guint64 more = gif_conflicts_count(conflicts) - gif_conflicts_kept(conflicts);
    if (more > 0) {
        g_string_append(out, "<p class=\"more\">and ");
        gif_report_append_number(out, more);
        g_string_append(out, " more that are not listed here</p>\n");
    }
    g_string_append(out, "</section>\n");
}

/* ---- Domains ---- */

static void
bar_part_append(GString *out, const char *class_name, guint64 *start, guint64 count, guint64 most)
{
    if (count > 0) {
        /* What is there can be seen. */
        guint64 width = MAX((guint64)((double)count * BAR_WIDTH / (double)most), 4);
        g_string_append_printf(out,
                               "<rect class=\"%s\" x=\"%" G_GUINT64_FORMAT
                               "\" width=\"%" G_GUINT64_FORMAT "\" height=\"10\"/>",
                               class_name, *start, width);
        *start += width;
    }
}

static void
domain_append(GString *out, const GifTotal *total, guint64 most)
{
    guint64 start = 0;
    g_string_append(out, "<tr><th scope=\"row\">");
    gif_report_append_text(out, total->domain ? total->domain : "all other domains",
                           GIF_REPORT_NAME_MAX);
    g_string_append_printf(out, "</th><td%s>%s</td>", total->class_name ? "" : " class=\"dim\"",
                           gif_total_standing(total));
    guint64 numbers[] = {total->added, total->removed, total->promoted};
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_string_append(out, "<td class=\"n\">");
        gif_report_append_number(out, numbers[i]);
        g_string_append(out, "</td>");
    }
    g_string_append_printf(out,
                           "<td><svg class=\"bar\" viewBox=\"0 0 %d 10\" "
                           "preserveAspectRatio=\"none\" aria-hidden=\"true\">",
                           BAR_WIDTH + 12);
    bar_part_append(out, "add", &start, total->added, most);
    bar_part_append(out, "del", &start, total->removed, most);
    bar_part_append(out, "pro", &start, total->promoted, most);
    g_string_append(out, "</svg></td></tr>\n");
}

static void
domains_table_append(GString *out, const GPtrArray *list, guint from, guint to, guint64 most)
{
    static const char *const columns[] = {"Domain",    "Declared as",          "#Added", "#Removed",
                                          "#Promoted", "Share of the largest", NULL};
    gif_report_begin_table(out, "Domains", "domains", columns);
    for (guint i = from; i < to; i++) {
        domain_append(out, g_ptr_array_index(list, i), most);
    }
    g_string_append(out, GIF_REPORT_TABLE_END);
}

void
gif_report_append_domains(GString *out, const GifTotals *totals)
{
    g_autoptr(GPtrArray) list = totals ? gif_totals_list(totals) : g_ptr_array_new();
    if (list->len == 0) {
        return;
    }
    guint64 most = 1;
    GifTotal rest = {0};
    for (guint i = 0; i < list->len; i++) {
        const GifTotal *total = g_ptr_array_index(list, i);
        most = MAX(most, gif_total_sum(total));
        if (i >= DOMAINS_SHOWN) {
            rest.added += total->added;
            rest.removed += total->removed;
            rest.promoted += total->promoted;
        }
    }
    if (list->len > DOMAINS_SHOWN) {
        g_ptr_array_set_size(list, DOMAINS_SHOWN);
        g_ptr_array_add(list, &rest);
        most = MAX(most, gif_total_sum(&rest));
    }
    gif_report_begin_section(out, "domains", "Domains", 0);
    domains_table_append(out, list, 0, MIN(list->len, DOMAINS_OPEN), most);
    if (list->len > DOMAINS_OPEN) {
        g_string_append_printf(out, "<details><summary>%u more</summary>\n",
                               list->len - DOMAINS_OPEN);
        domains_table_append(out, list, DOMAINS_OPEN, list->len, most);
        g_string_append(out, "</details>\n");
    }
    g_string_append(out, "</section>\n");
}

/* ---- Changes ---- */

static void
more_append(GString *out, guint64 count, const char *what)
{
    if (count > GIF_REPORT_SHOWN) {
        g_string_append(out, "<li>The first ");
        gif_report_append_number(out, GIF_REPORT_SHOWN);
        g_string_append(out, " of ");
        gif_report_append_number(out, count);
        g_string_append_printf(out, " %s are listed; <b>", what);
        gif_report_append_number(out, count - GIF_REPORT_SHOWN);
        g_string_append(out, "</b> are not.</li>\n");
    }
}

static void
filter_append(GString *out, const char *action, guint64 count)
{
    g_string_append_printf(out, "<label><input type=\"checkbox\" value=\"%s\" checked%s> %s ",
                           action, count == 0 ? " disabled" : "", action);
    gif_report_append_number(out, count);
    g_string_append(out, "</label>\n");
}

void
gif_report_append_changes(GString *out, const GifReport *report)
{
    static const char *const what[GIF_KINDS] = {"created objects", "modified objects",
                                                "deleted objects"};
    static const char *const action[GIF_KINDS] = {"create", "modify", "delete"};
    static const char *const columns[] = {"Action", "Class", "Object", "What changes",
                                          "#Count", "Row",   NULL};
    guint64 all = 0;
    for (guint i = 0; i < GIF_KINDS; i++) {
        all += report->changes[i];
    }
    gif_report_begin_section(out, "changes", "Changes", all);
    if (all == 0) {
        g_string_append(out, "<p>No object changes.</p>\n</section>\n");
        return;
    }
    /* For the script, which shows it. */
    g_string_append(out, "<form class=\"tools\" hidden>\n<input type=\"search\" "
                         "placeholder=\"Search names, addresses, files\" aria-label=\"Search the "
                         "changes\" autocomplete=\"off\" spellcheck=\"false\">\n");
    for (guint i = 0; i < GIF_KINDS; i++) {
        filter_append(out, action[i], report->changes[i]);
    }
    g_string_append(out, "<output role=\"status\"></output>\n</form>\n<ul class=\"more\">\n");
    for (guint i = 0; i < GIF_KINDS; i++) {
        more_append(out, report->changes[i], what[i]);
    }
    g_string_append(
        out, "</ul>\n<p class=\"legend\"><span class=\"add\"><b>+</b> added</span> <span "
             "class=\"del\"><b>\342\210\222</b> removed</span> <span class=\"pro\"><b>\342\206\221"
             "</b> made primary</span></p>\n");
    gif_report_begin_table(out, "Changes", "sortable", columns);
    for (guint i = 0; i < GIF_KINDS; i++) {
        g_string_append_len(out, report->change[i]->str, (gssize)report->change[i]->len);
    }
    g_string_append(out, GIF_REPORT_TABLE_END "</section>\n");
}

/* ---- Diagnostics ---- */

void
gif_report_append_diagnostics(GString *out, const GifReport *report)
{
    static const char *const what[] = {"infos", "warnings", "errors"};
    static const char *const columns[] = {"Severity", "Code", "Row", "Object", "Message", NULL};
    guint64 all = 0;
    for (guint i = 0; i <= GIF_ERROR; i++) {
        all += report->diagnostics[i];
    }
    if (all == 0) {
        return;
    }
    gif_report_begin_section(out, "diagnostics", "Messages", all);
    g_string_append(out, "<ul class=\"more\">\n");
    for (guint i = 0; i <= GIF_ERROR; i++) {
        more_append(out, report->diagnostics[GIF_ERROR - i], what[GIF_ERROR - i]);
    }
    g_string_append(out, "</ul>\n");
    gif_report_begin_table(out, "Messages", "sortable", columns);
    for (guint i = 0; i <= GIF_ERROR; i++) {
        const GString *rows = report->diagnostic[GIF_ERROR - i];
        g_string_append_len(out, rows->str, (gssize)rows->len);
    }
    g_string_append(out, GIF_REPORT_TABLE_END "</section>\n");
}
