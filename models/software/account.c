/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/account.h"

#include <errno.h>

#include "models/base/require.h"
#include "models/base/units.h"

void account_init(struct account *account, uint64_t limit_bytes)
{
	*account = (struct account){ .limit_pages = limit_bytes ? limit_bytes >> PAGE_LG2 : ACCOUNT_UNLIMITED };
}

bool account_fits(const struct account *account, enum account_mode mode, uint64_t pages)
{
	if (mode == ACCOUNT_NONE || account->limit_pages == ACCOUNT_UNLIMITED)
		return true;
	return account->pages[mode] <= account->limit_pages && pages <= account->limit_pages - account->pages[mode];
}

void account_charge_unlimited(struct account *account, enum account_mode mode, uint64_t pages)
{
	account->pages[mode] += pages;
	account->total += pages;
	if (account->peak < account->total)
		account->peak = account->total;
}

int account_charge(struct account *account, enum account_mode mode, uint64_t pages)
{
	if (!account_fits(account, mode, pages))
		return ENOMEM;
	account_charge_unlimited(account, mode, pages);
	return 0;
}

void account_uncharge(struct account *account, enum account_mode mode, uint64_t pages)
{
	REQUIRE(pages <= account->pages[mode]);
	account->pages[mode] -= pages;
	account->total -= pages;
}
