#include "policyd/action.h"

/* Digits of one part of an enhanced code (RFC 3463 section 2). */
#define ENHANCED_DIGITS_MAX 3
#define REPLY_DIGITS 3

/* Bytes of the character at `at` if it may not be sent (controls of ASCII and of C1, line and
 * paragraph separator), else 0. */
static size_t
unfit_character(const char *at, size_t left)
{
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] < 0x20 || c[0] == 0x7f)
        return 1;
    if (left >= 2 && c[0] == 0xc2 && c[1] < 0xa0)
        return 2;
    if (left >= 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9))
        return 3;
    return 0;
}

static bool
is_clean(TblSlice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (unfit_character(text.ptr + i, text.len - i))
            return false;
    return g_utf8_validate(text.ptr, (gssize)text.len, NULL);
}

/* Takes up to `most` digits off the front; how many. */
static size_t
take_digits(TblSlice *text, size_t most)
{
    size_t count = 0;
    while (count < most && count < text->len && g_ascii_isdigit(text->ptr[count]))
        count++;
    *text = (TblSlice){text->ptr + count, text->len - count};
    return count;
}

static bool
take_byte(TblSlice *text, char byte)
{
    if (text->len == 0 || text->ptr[0] != byte)
        return false;
    *text = (TblSlice){text->ptr + 1, text->len - 1};
    return true;
}

/* ` 5.1.1 text` behind a code of that class. */
static bool
is_explained(TblSlice rest, char class)
{
    if (!take_byte(&rest, ' ') || !take_byte(&rest, class) || !take_byte(&rest, '.') ||
        !take_digits(&rest, ENHANCED_DIGITS_MAX) || !take_byte(&rest, '.') ||
        !take_digits(&rest, ENHANCED_DIGITS_MAX) || !take_byte(&rest, ' '))
        return false;
    while (take_byte(&rest, ' '))
        ;
    return rest.len > 0;
}

bool
pd_action_is_fit(TblSlice action)
{
    static const char defer[] = "DEFER_IF_PERMIT";
    const size_t length = sizeof defer - 1;
    if (tbl_slice_equal(action, tbl_slice(PD_ACTION_DUNNO)))
        return true;
    if (action.len > PD_ACTION_MAX || !is_clean(action))
        return false;
    if (action.len > length && memcmp(action.ptr, defer, length) == 0)
        return is_explained((TblSlice){action.ptr + length, action.len - length}, '4');
    TblSlice rest = action;
    if (take_digits(&rest, REPLY_DIGITS) != REPLY_DIGITS)
        return false;
    bool ends_session = memcmp(action.ptr + 1, "21", 2) == 0;
    return (action.ptr[0] == '4' || action.ptr[0] == '5') && !ends_session &&
           is_explained(rest, action.ptr[0]);
}

void
pd_action_clean(GString *action, gsize from)
{
    const char *bad = NULL;

    if (pd_action_is_fit((TblSlice){action->str + from, action->len - from}))
        return;
    for (gsize at = from; !g_utf8_validate(action->str + at, (gssize)(action->len - at), &bad);) {
        at = (gsize)(bad - action->str);
        action->str[at] = '?';
    }
    for (gsize at = from; at < action->len; at++) {
        size_t unfit = unfit_character(action->str + at, action->len - at);
        if (unfit)
            memset(action->str + at, '?', unfit);
    }
    if (action->len - from > PD_ACTION_MAX) {
        const char *limit = action->str + from + PD_ACTION_MAX;
        /* The character that crosses the limit goes as a whole. */
        const char *cut = g_utf8_find_prev_char(action->str + from, limit + 1);
        g_string_truncate(action, (gsize)(cut - action->str));
    }
    if (pd_action_is_fit((TblSlice){action->str + from, action->len - from}))
        return;
    g_string_truncate(action, from);
    g_string_append(action, PD_ACTION_FAILED);
}
