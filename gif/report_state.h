/* The inside of gif/report, shared by its files: what is kept for the page, and its parts. */
#pragma once

#include "gif/report.h"

/* Kinds of changes, in the order of the page. */
typedef enum { GIF_KIND_CREATE, GIF_KIND_MODIFY, GIF_KIND_DELETE, GIF_KINDS } GifKind;

struct GifReport {
    char *path;
    char *temporary;                    /* NULL: not written */
    int file;                           /* -1: not open */
    GString *text;                      /* scratch */
    GString *change[GIF_KINDS];         /* rows of the table */
    guint64 changes[GIF_KINDS];         /* all of them */
    GString *diagnostic[GIF_ERROR + 1]; /* rows, by severity */
    guint64 diagnostics[GIF_ERROR + 1];
};

/* Longest value on the page, in characters. */
#define GIF_REPORT_VALUE_MAX 300
/* Columns take what people gave them; a name that is a page long must not become one. */
#define GIF_REPORT_NAME_MAX 120

/* Appends untrusted text, isolated from the direction of what stands around it. */
void gif_report_append_text(GString *out, const char *text, gsize max);
/* 1234567 as 1,234,567, with what programs read beside it: <data value="1234567">. */
void gif_report_append_number(GString *out, guint64 number);
/* The row of a change. `scratch` is overwritten. */
void gif_report_append_change(GString *out, GString *scratch, const TblChange *change,
                              const char *file, guint64 line);
/* Begins <section id="ID"> with a heading and its number (0: none). */
void gif_report_begin_section(GString *out, const char *id, const char *title, guint64 count);
/* Begins a table; a column whose name begins with # holds numbers. */
void gif_report_begin_table(GString *out, const char *label, const char *class_name,
                            const char *const *columns);
#define GIF_REPORT_TABLE_END "</tbody>\n</table>\n</div>\n"
void gif_report_append_conflicts(GString *out, const GifConflicts *conflicts);
void gif_report_append_domains(GString *out, const GifTotals *totals);
void gif_report_append_changes(GString *out, const GifReport *report);
void gif_report_append_diagnostics(GString *out, const GifReport *report);
/* The page as a whole. */
void gif_report_append_page(GString *out, const GifReport *report, const GifReportFacts *facts);
