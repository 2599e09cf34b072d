/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/translation.h"

const struct translation *const translations[] = {
	[SCHEME_PASSTHROUGH] = &translation_passthrough,
	[SCHEME_SHADOW] = &translation_shadow,
	[SCHEME_PARAVIRT] = &translation_paravirt,
	[SCHEME_NESTED] = &translation_nested,
};
