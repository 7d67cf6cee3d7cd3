/* A certificate authority, a text and a signature over it, all valid until the year 9999. */
#pragma once

#include "tables/slice.h"

/* The authority, in PEM. */
extern const char signature_fixture_trust[];
/* What was signed. */
extern const char signature_fixture_content[];
/* The signature, in DER. */
TblSlice signature_fixture_der(void);
/* Who signed, as gif_signature_verify() says it. */
extern const char signature_fixture_signer[];
