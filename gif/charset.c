#include "gif/charset.h"

#include "gif/format.h"
#include "tables/pages.h"

#include <errno.h>

/* Bytes that are looked at to recognise UTF-16 without a mark. */
#define SNIFF_BYTES 512
/* Memory is given back in pieces of at least so many bytes. */
#define DISCARD_BYTES TBL_PAGES_LARGE
/* First guess at growth when decoding: most text of a code page stays as long as it was. */
#define GROWTH_SLACK 4096

struct GifText {
    char *raw;
    gsize raw_length;
    gsize mark;    /* bytes of the byte order mark */
    char *decoded; /* NULL: the raw bytes behind the mark are the text */
    gsize length;
    char *encoding;
    /* Where gif_text_append_raw stopped: raw and text offset of the same character. */
    gsize raw_at, text_at;
    gsize discarded; /* bytes of the text whose memory was given back */
};

void
gif_text_fault_clear(GifTextFault *fault)
{
    g_clear_pointer(&fault->message, g_free);
}

char *
gif_codepage_name(const char *codepage)
{
    bool number = *codepage != '\0';
    for (const char *c = codepage; *c != '\0'; c++) {
        number = number && g_ascii_isdigit(*c);
    }
    /* Windows' number of UTF-8 is none of iconv's. */
    g_autofree char *name = g_str_equal(codepage, "65001") ? g_strdup("UTF-8")
                            : number                       ? g_strconcat("CP", codepage, NULL)
                                                           : g_strdup(codepage);
    GIConv converter = g_iconv_open("UTF-8", name);
    if (converter == (GIConv)-1) {
        return NULL;
    }
    g_iconv_close(converter);
    return g_steal_pointer(&name);
}

void
gif_text_free(GifText *text)
{
    if (text) {
        g_free(text->raw);
        g_free(text->decoded);
        g_free(text->encoding);
        g_free(text);
    }
}

TblSlice
gif_text_slice(const GifText *text)
{
    return text->decoded ? (TblSlice){text->decoded, text->length}
                         : (TblSlice){text->raw + text->mark, text->length};
}

const char *
gif_text_encoding(const GifText *text)
{
    return text->encoding;
}

/* UTF-16 without a mark: half of the first bytes are NUL, always the same half. */
static const char *
utf16_sniff(const char *raw, gsize length)
{
    gsize looked = MIN(length, SNIFF_BYTES) & ~(gsize)1;
    gsize even = 0, odd = 0;
    for (gsize i = 0; i < looked; i += 2) {
        even += raw[i] == '\0';
        odd += raw[i + 1] == '\0';
    }
    if (looked >= 4 && odd == looked / 2 && even == 0) {
        return "UTF-16LE";
    }
    return looked >= 4 && even == looked / 2 && odd == 0 ? "UTF-16BE" : NULL;
}

/* The encoding of the bytes, and the length of their mark. NULL: neither Unicode nor marked. */
static const char *
encoding_detect(const char *raw, gsize length, gsize *mark)
{
    *mark = 0;
    if (length >= 3 && memcmp(raw, "\xef\xbb\xbf", 3) == 0) {
        *mark = 3;
        return "UTF-8";
    }
    if (length >= 2 && memcmp(raw, "\xff\xfe", 2) == 0) {
        *mark = 2;
        return "UTF-16LE";
    }
    if (length >= 2 && memcmp(raw, "\xfe\xff", 2) == 0) {
        *mark = 2;
        return "UTF-16BE";
    }
    return utf16_sniff(raw, length);
}

/* Bytes of ASCII at the start, NUL among them, which the record reader reports with its place. */
static gsize
ascii_length(const char *raw, gsize length)
{
    guint64 word;
    gsize at = 0;
    for (; at + sizeof(word) <= length; at += sizeof(word)) {
        memcpy(&word, raw + at, sizeof(word));
        if ((word & 0x8080808080808080u) != 0) {
            break;
        }
    }
    while (at < length && (unsigned char)raw[at] < 0x80) {
        at++;
    }
    return at;
}

/* Nearly all of most files is ASCII, which needs no look at single characters. */
static bool
utf8_validate(const char *raw, gsize length, gsize *bad)
{
    gsize at = ascii_length(raw, length);
    while (at < length) {
        gunichar c = g_utf8_get_char_validated(raw + at, (gssize)(length - at));
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            *bad = at;
            return false;
        }
        at += (gsize)(g_utf8_next_char(raw + at) - (raw + at));
        at += ascii_length(raw + at, length - at);
    }
    return true;
}

/* Whether the text is LDIF and UTF-8 once its lines are unfolded. */
static bool
folded_validate(const char *raw, gsize length)
{
    if (gif_format_sniff((TblSlice){raw, length}) != GIF_FORMAT_LDIF) {
        return false;
    }
    g_autofree char *unfolded = g_malloc(length);
    gsize used = 0, bad = 0;
    for (gsize i = 0; i < length; i++) {
        gsize end = raw[i] == '\r' && i + 1 < length && raw[i + 1] == '\n' ? i + 1 : i;
        bool line_end = raw[i] == '\r' || raw[i] == '\n';
        if (line_end && end + 1 < length && raw[end + 1] == ' ') {
            i = end + 1;
        } else {
            unfolded[used++] = raw[i];
        }
    }
    return utf8_validate(unfolded, used, &bad);
}

/* Line and character of the end of decoded text. */
static void
fault_place(GifTextFault *fault, const char *text, gsize length)
{
    gsize start = 0;
    fault->line = 1;
    for (gsize i = 0; i < length; i++) {
        bool pair = text[i] == '\r' && i + 1 < length && text[i + 1] == '\n';
        if ((text[i] == '\n' || text[i] == '\r') && !pair) {
            fault->line++;
            start = i + 1;
        }
    }
    fault->column = 1;
    for (gsize i = start; i < length; i++) {
        fault->column += (text[i] & 0xc0) != 0x80;
    }
}

static bool
text_convert(GifText *text, const char *encoding, GifTextFault *fault)
{
    GIConv converter = g_iconv_open("UTF-8", encoding);
    if (converter == (GIConv)-1) {
        *fault =
            (GifTextFault){1, 1, g_strdup_printf("the encoding %s is not known here", encoding)};
        return false;
    }
    gsize left = text->raw_length - text->mark;
    gsize room = left + left / 8 + GROWTH_SLACK;
    char *in = text->raw + text->mark;
    text->decoded = g_malloc(room);
    char *out = text->decoded;
    gsize out_left = room;
    bool flushed = false, good = true;
    while (!flushed && good) {
        bool flush = left == 0; /* a last call without input gives what the converter holds back */
        gsize result = g_iconv(converter, flush ? NULL : &in, &left, &out, &out_left);
        if (result != (gsize)-1) {
            flushed = flush;
        } else if (errno == E2BIG) {
            gsize used = (gsize)(out - text->decoded);
            text->decoded = g_realloc(text->decoded, room * 2);
            out = text->decoded + used;
            out_left += room;
            room *= 2;
        } else {
            good = false;
        }
    }
    text->length = (gsize)(out - text->decoded);
    g_iconv_close(converter);
    if (!good) {
        fault_place(fault, text->decoded, text->length);
        fault->message =
            g_strdup_printf("byte 0x%02x at offset %" G_GSIZE_FORMAT
                            " is not %s; name the right encoding with --codepage",
                            (guint)(unsigned char)*in, (gsize)(in - text->raw), encoding);
    }
    return good;
}

GifText *
gif_text_new(char *raw, gsize length, const char *codepage, GifTextFault *fault)
{
    g_autoptr(GifText) text = g_new0(GifText, 1);
    text->raw = raw;
    text->raw_length = length;
    const char *encoding = encoding_detect(raw, length, &text->mark);
    gsize bad = 0;
    if (!encoding || g_str_equal(encoding, "UTF-8")) {
        if (utf8_validate(raw + text->mark, length - text->mark, &bad) ||
            folded_validate(raw + text->mark, length - text->mark)) {
            text->encoding = g_strdup("UTF-8");
            text->length = length - text->mark;
            text->raw_at = text->mark;
            return g_steal_pointer(&text);
        }
        if (encoding) {
            fault_place(fault, raw + text->mark, bad);
            fault->message =
                g_strdup_printf("byte 0x%02x at offset %" G_GSIZE_FORMAT
                                " is not UTF-8, though the file begins with its mark",
                                (guint)(unsigned char)raw[text->mark + bad], text->mark + bad);
            return NULL;
        }
        encoding = codepage;
    }
    text->encoding = g_strdup(encoding);
    text->raw_at = text->mark;
    if (!text_convert(text, encoding, fault)) {
        return NULL;
    }
    return g_steal_pointer(&text);
}

/* Moves the parallel position to text offset `to` by decoding once more: iconv stops where the room
 * ends. */
static void
position_advance(GifText *text, gsize to)
{
    GIConv converter = g_iconv_open("UTF-8", text->encoding);
    char scratch[8192];
    while (text->text_at < to && converter != (GIConv)-1) {
        gsize room = MIN(to - text->text_at, sizeof(scratch));
        gsize out_left = room, left = text->raw_length - text->raw_at;
        char *in = text->raw + text->raw_at, *out = scratch;
        gsize result = g_iconv(converter, &in, &left, &out, &out_left);
        text->raw_at = (gsize)(in - text->raw);
        text->text_at += room - out_left;
        bool stuck = out_left == room;
        if (stuck || (result == (gsize)-1 && errno != E2BIG)) {
            break;
        }
    }
    if (converter != (GIConv)-1) {
        g_iconv_close(converter);
    }
}

void
gif_text_append_raw(GifText *text, gsize from, gsize to, GByteArray *out)
{
    gsize raw_from, raw_to;
    if (text->decoded) {
        position_advance(text, from);
        raw_from = text->raw_at;
        position_advance(text, to);
        raw_to = text->raw_at;
    } else {
        raw_from = text->mark + from;
        raw_to = text->mark + to;
    }
    raw_from = from == 0 ? 0 : raw_from;
    g_byte_array_append(out, (const guint8 *)text->raw + raw_from, (guint)(raw_to - raw_from));
}

void
gif_text_discard(GifText *text, gsize upto)
{
    char *begin = text->decoded ? text->decoded : text->raw + text->mark;
    if (text->decoded) {
        g_clear_pointer(&text->raw, g_free);
    }
    if (upto - text->discarded >= DISCARD_BYTES) {
        /* From a page's beginning on, where the part before ended. */
        gsize into = ((gsize)begin + text->discarded) % TBL_PAGES_LARGE;
        gsize from = text->discarded - MIN(into, text->discarded);
        tbl_pages_discard(begin + from, upto - from);
        text->discarded = upto;
    }
}
