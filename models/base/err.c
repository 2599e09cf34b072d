/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/err.h"

#include <stdarg.h>

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	if (err->kind != ERR_NONE)
		return false;
	err->kind = kind;
	va_list arguments;
	va_start(arguments, format);
	/* The builtin formats into memory and needs no stream, so no stdio here. */
	__builtin_vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return false;
}
