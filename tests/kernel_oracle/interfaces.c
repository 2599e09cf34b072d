/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/interface.h"

const struct oracle_interface *const oracle_interfaces[] = {
	&type1_interface,
	&iommufd_interface,
	&spapr_interface,
	NULL,
};
