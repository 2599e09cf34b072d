/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameter table.  One row per field of struct config: its name in
 * files, default, range, unit, where the default comes from and what it means.
 * Prices (timing.*) have no default: the profile gives them.  Source keys
 * resolve in docs/sources.md.
 */
#include <stdio.h>
#include <string.h>

#include "models/base/require.h"
#include "models/cache/cache.h"
#include "scenarios/config.h"
#include "scenarios/nearest.h"

#define MIB (UINT64_C(1) << 20)
#define TIB (UINT64_C(1) << 40)

/* A row named as its field is; and one whose name differs. */
#define ROW(field, type, initial, min, max, unit, values, source, help) \
	NAMED(#field, field, type, initial, min, max, unit, values, source, help)
/* clang-format off */
#define NAMED(name, field, type, initial, min, max, unit, values, source, help) \
	{ name, type, offsetof(struct config, field), sizeof(((struct config *)NULL)->field), initial, min, max, unit, \
	  values, source, help }
/* clang-format on */

#define U32(field, initial, min, max, unit, source, help) \
	ROW(field, PARAMETER_U32, initial, min, max, unit, NULL, source, help)
#define U64(field, initial, min, max, unit, source, help) \
	ROW(field, PARAMETER_U64, initial, min, max, unit, NULL, source, help)
#define BYTES(field, initial, min, max, source, help) \
	ROW(field, PARAMETER_BYTES, initial, min, max, "bytes", NULL, source, help)
#define SWITCH(field, initial, source, help) ROW(field, PARAMETER_BOOL, initial, 0, 1, "", NULL, source, help)
#define CHOICE(field, initial, values, source, help) \
	ROW(field, PARAMETER_ENUM, initial, 0, sizeof(values) / sizeof((values)[0]) - 2, "", values, source, help)
#define WALK(level, initial, source, help) \
	NAMED("iommu.walk_entries.level" #level, iommu.walk_entries[level], PARAMETER_U32, initial, 0, CACHE_ENTRIES, \
	      "entries", NULL, source, help)
#define PRICE(field, help) ROW(timing.field, PARAMETER_PS, NULL, 0, PS_PER_S, "ns", NULL, "the timing profile", help)

#define CACHE_ENTRIES (UINT64_C(1) << 20)

/* Where the capabilities' defaults come from. */
#define CAP_SAYS "[VTD] \"Capability Register\", "
#define SERVER   "ASSUMED: a server unit with scalable mode; [VTD] \"Capability Register\""
#define EMULATED "[QEMU] intel-iommu as recorded, CAP 0x00d2008c222f0686"

static const char *const replacements[] = {
	[CACHE_LRU] = "lru", [CACHE_FIFO] = "fifo", [CACHE_RANDOM] = "random", [CACHE_RANDOM + 1] = NULL
};
static const char *const patterns[] = {
	[DEVICE_AUTO] = "auto", [DEVICE_NVME] = "nvme", [DEVICE_NIC] = "nic", [DEVICE_NIC + 1] = NULL
};
static const char *const windows[] = { [SPAPR_WINDOW_DEFAULT] = "default",
				       [SPAPR_WINDOW_DYNAMIC] = "dynamic",
				       [SPAPR_WINDOW_DIRECT] = "direct",
				       [SPAPR_WINDOW_DIRECT + 1] = NULL };
static const char *const updates[] = {
	[UPDATE_NONE] = "none",   [UPDATE_TRANSFER] = "transfer",   [UPDATE_EXEC] = "exec",
	[UPDATE_COLD] = "cold",   [UPDATE_KEEPALIVE] = "keepalive", [UPDATE_KEXEC] = "kexec",
	[UPDATE_KEXEC + 1] = NULL
};
static const char *const kernels[] = {
	[UPDATE_KERNEL_6_12] = "6.12", [UPDATE_KERNEL_5_15] = "5.15", [UPDATE_KERNEL_5_15 + 1] = NULL
};
static const char *const modes[] = { [REPLAY_DEPENDENCIES] = "dependencies",
				     [REPLAY_RECORDED] = "recorded",
				     [REPLAY_PACED] = "paced",
				     [REPLAY_PACED + 1] = NULL };

const struct parameter parameters[] = {
	/* ---- machine ---- */
	U32(machine.host_cores, "8", 1, 1024, "cores", "ASSUMED: more than the recorded guests have vCPUs",
	    "Host CPUs that the vCPUs and host threads share."),
	U32(machine.guests, "1", 1, 1024, "guests", "ASSUMED: the guest that was recorded, alone",
	    "Guests that each replay the whole trace at once, with vCPUs and devices of their own: they share the "
	    "hardware unit and the host's cores."),
	BYTES(machine.guest_ram_bytes, "3 GiB", 2 * MIB, 16 * TIB, "[RECORDED]: the x86 guests have 3 GiB",
	      "Guest memory: what is pinned or registered at start."),
	BYTES(machine.guest_low_bytes, "2 GiB", 2 * MIB, 4096 * MIB, "[RECORDED]: QEMU's q35 with 3 GiB",
	      "How much of the guest's memory lies below 4 GiB; the rest lies from 4 GiB on."),
	U32(machine.host_page_lg2, "21", 12, 30, "log2(bytes)",
	    "ASSUMED: transparent huge pages, 2 MiB, on an x86 host",
	    "Pages with which the host maps guest memory: 12, 21 or 30."),
	BYTES(machine.memlock_limit_bytes, "0", 0, 1024 * TIB, "ASSUMED: a VMM that runs without a limit",
	      "Most memory that may be locked (RLIMIT_MEMLOCK); 0: unlimited."),
	U32(machine.pin_batch_pages, "512", 1, 65536, "pages",
	    "[VB]: one page of struct page pointers, 4,096 bytes / 8 bytes = 512", "Pages pinned by one call at most."),
	SWITCH(machine.container_per_device, "false", "[QEMU] a guest without an IOMMU: its devices share a container",
	       "passthrough: each device has a container of its own, which maps all of the guest's memory, as where "
	       "the "
	       "guest has an IOMMU and passes its devices through; else one container holds them all."),
	BYTES(machine.map_block_bytes, "0", 0, TIB, "[QEMU] a memory slot is one mapping",
	      "Guest memory that is mapped at start is mapped in blocks of so many bytes, as of a virtio-mem device; "
	      "0: a "
	      "slot is one mapping."),
	U32(machine.dma_entry_limit, "65535", 1, UINT32_MAX, "mappings", "[LINUX] vfio_iommu_type1, dma_entry_limit",
	    "Mappings that a VFIO type1 container holds at most."),

	/* ---- unplug ---- */
	BYTES(unplug.bytes, "0", 0, 16 * TIB, "ASSUMED: nothing is unplugged",
	      "How much memory the guest gives back, from the top of its memory down; 0: none."),
	ROW(unplug.at, PARAMETER_PS, "1 ms", 0, 1000 * PS_PER_S, "ms", NULL, "ASSUMED",
	    "When it begins to give memory back."),
	BYTES(unplug.block_bytes, "2 MiB", 4096, TIB, "[VM]: virtio-mem's block is 2 MiB with huge pages on x86",
	      "What is given back at a time: an unmap call each."),
	SWITCH(unplug.split, "false", "[LINUX]: VFIO type1 v2 and iommufd refuse to unmap a part of a mapping",
	       "Mappings and large leaves that reach beyond what goes are split first, as no kernel does."),

	/* ---- update ---- */
	CHOICE(update.kind, "none", updates, "ASSUMED: nothing is replaced",
	       "What runs the guests is replaced while their devices work: transfer, exec: the hypervisor's "
	       "process, "
	       "with its mappings; cold: without; keepalive: the host's kernel too, with the mappings; kexec: "
	       "without."),
	ROW(update.at, PARAMETER_PS, "100 ms", 0, 1000 * PS_PER_S, "ms", NULL, "ASSUMED", "When it is replaced."),
	CHOICE(update.kernel, "6.12", kernels, "[LINUX]: the version that the models answer as",
	       "Whose rules VFIO type1 has: before 6.1 the host's accesses wait for an update, and locked memory stays "
	       "with "
	       "the process that mapped."),
	ROW(update.mediated_period, PARAMETER_PS, "0 us", 0, PS_PER_S, "us", NULL, "ASSUMED: no such device",
	    "How often the host accesses guest memory for a mediated device; 0: there is none."),

	/* ---- iommu ---- */
	U32(iommu.iotlb_entries, "120", 0, CACHE_ENTRIES, "entries",
	    "[PB]: effective capacity 113-128 from Sandy Bridge to Broadwell, best fit 120",
	    "IOTLB entries; 0: no IOTLB, every request walks."),
	U32(iommu.iotlb_ways, "120", 1, CACHE_ENTRIES, "ways",
	    "ASSUMED: fully associative; miss ratios of [PB] follow 1 - 120 / window",
	    "IOTLB ways; they divide iommu.iotlb_entries into a power of two of sets."),
	U32(iommu.iotlb_partitions, "1", 1, CACHE_ENTRIES, "partitions", "ASSUMED: none, as VT-d units have",
	    "Parts of the IOTLB's sets, a power of two; a domain's identifier chooses the part that its translations "
	    "may "
	    "fill, so that guests do not push out each other's."),
	U32(iommu.device_entries, "64", 0, CACHE_ENTRIES, "entries",
	    "ASSUMED: more than the recorded guests have devices",
	    "Entries of the context cache and of the PASID cache, each; 0: no such caches."),
	U32(iommu.device_ways, "4", 1, CACHE_ENTRIES, "ways", "ASSUMED",
	    "Ways of the context cache and of the PASID cache."),
	WALK(0, "128", "[FS]: PTcache-L3 likely 64-128 entries",
	     "Paging-structure cache, addresses of leaf tables (512 x 4 KiB)."),
	WALK(1, "32", "[FS]: PTcache-L2, 32 entries assumed there",
	     "Paging-structure cache, addresses of tables of 2 MiB entries."),
	WALK(2, "32", "[FS]: PTcache-L1, 32 entries assumed there",
	     "Paging-structure cache, addresses of tables of 1 GiB entries."),
	WALK(3, "32", "ASSUMED: as level 2",
	     "Paging-structure cache, addresses of tables of 512 GiB entries: used by five-level tables only."),
	U32(iommu.walk_ways, "32", 1, CACHE_ENTRIES, "ways", "ASSUMED",
	    "Ways of each paging-structure cache; they divide the entries of every level."),
	CHOICE(iommu.replacement, "lru", replacements, "ASSUMED",
	       "Which entry of a full set leaves, in all caches of the unit."),
	U32(iommu.walkers, "5", 1, 1024, "walkers",
	    "[PB]: 280 ns per miss / 52 ns per translation at saturation = 5.4, Broadwell",
	    "Page-table walks under way at once."),
	U32(iommu.host_levels, "4", 4, 5, "levels", "[LINUX]: a 48-bit second stage where the unit has it",
	    "Levels of the table that the host builds."),
	U32(iommu.guest_levels, "4", 3, 5, "levels", "[RECORDED]: the guests' units have 48 bits",
	    "Levels of the table that the guest builds; 3 only where that is a second stage."),
	SWITCH(iommu.snoop, "true", "ASSUMED: server units snoop; [VTD] \"Extended Capability Register\", C",
	       "Walkers snoop CPU caches; else drivers flush every cache line that they write."),
	SWITCH(iommu.dirty_tracking, "false",
	       "[LINUX]: on only while a hypervisor tracks dirty memory; [VTD] PASID entry SSADE",
	       "Hardware sets accessed and dirty flags in the host's second stage."),

	/* ---- hardware ---- */
	SWITCH(hardware.queued_invalidation, "true", SERVER,
	       "ECAP.QI: invalidations are queued; else the host gives "
	       "them one by one in registers, which takes hardware.scalable = false."),
	SWITCH(hardware.write_buffer_flush, "false", SERVER,
	       "CAP.RWBF: the host flushes write buffers after each "
	       "entry that became present; takes hardware.scalable = false."),
	SWITCH(hardware.caching_mode, "false", CAP_SAYS "CM: hardware implementations must support 0",
	       "CAP.CM: the host invalidates after each map too, as where the host is a guest itself."),
	SWITCH(hardware.page_selective, "true", SERVER,
	       "CAP.PSI: second-stage invalidations of a page range; else of whole domains."),
	U32(hardware.address_mask_limit, "18", 1, 63, "log2(pages)",
	    CAP_SAYS "PSI: at least 18 is recommended with pages of 1 GiB",
	    "CAP.MAMV: largest range of a page-selective invalidation; a larger one takes the whole domain."),
	U32(hardware.page_size_lg2, "30", 12, 30, "log2(bytes)", SERVER,
	    "CAP.SSLPS and FS1GP: the largest leaf of a table: 12, 21 or 30."),
	U32(hardware.input_width, "0", 0, 57, "bits", "ASSUMED: as wide as the tables",
	    "CAP.MGAW: addresses that the second stage translates, 46 bits or more; 0: what iommu.host_levels hold."),
	U32(hardware.domain_bits, "16", 4, 16, "bits", SERVER, "CAP.ND: domain identifiers; an even number of bits."),
	U32(hardware.fault_records, "8", 1, 222, "registers", "ASSUMED", "CAP.NFR: fault recording registers."),
	SWITCH(hardware.scalable, "true", SERVER,
	       "ECAP.SMTS: scalable mode; without it the next five do not matter and nothing can be nested."),
	SWITCH(hardware.first_stage, "true", SERVER, "ECAP.FSTS, in scalable mode."),
	SWITCH(hardware.second_stage, "true", SERVER,
	       "ECAP.SSTS, in scalable mode; without it the host's tables are first stages."),
	SWITCH(hardware.nested, "true", SERVER, "ECAP.NEST, in scalable mode with both stages."),
	SWITCH(hardware.dirty_flags, "true", SERVER,
	       "ECAP.SSADS, in scalable mode with iommu.snoop: accessed and dirty flags in the second stage."),
	U32(hardware.pasid_bits, "20", 1, 20, "bits", SERVER, "ECAP.PSS, in scalable mode: width of a PASID."),
	SWITCH(hardware.pass_through, "true", SERVER, "ECAP.PT: context and PASID entries may say pass-through."),
	SWITCH(hardware.snoop_control, "true", SERVER,
	       "ECAP.SC: the host's leaves (SNP) and PASID entries (PGSNP) force snooping of the data."),
	SWITCH(hardware.device_tlb, "false", "ASSUMED: no trace says what its devices ask for",
	       "ECAP.DT: the unit takes part in ATS; takes hardware.queued_invalidation."),
	SWITCH(hardware.page_requests, "false", "ASSUMED: no trace says what its devices ask for",
	       "ECAP.PRS: page requests are queued; takes hardware.device_tlb and hardware.scalable."),
	SWITCH(hardware.protected_memory, "false", "ASSUMED",
	       "CAP.PLMR and PHMR: two regions of memory that software can shut off from devices."),
	SWITCH(hardware.abort_dma, "false", "ASSUMED", "ECAP.ADMS: abort-DMA mode of the root table."),

	/* ---- virtual ---- */
	SWITCH(virtual.queued_invalidation, "true", EMULATED,
	       "ECAP.QI of the guest's unit; else each register access of an invalidation exits; nested needs it."),
	SWITCH(virtual.write_buffer_flush, "false", EMULATED,
	       "CAP.RWBF of the guest's unit: the guest flushes when it starts, and never where maps are invalidated."),
	SWITCH(virtual.caching_mode, "true", EMULATED,
	       "CAP.CM of the guest's unit: how the host learns of maps and of attaching; all schemes with a unit need "
	       "it."),
	SWITCH(virtual.page_selective, "true", EMULATED, "CAP.PSI of the guest's unit."),
	U32(virtual.address_mask_limit, "18", 1, 18, "log2(pages)", EMULATED, "CAP.MAMV of the guest's unit."),
	U32(virtual.page_size_lg2, "30", 12, 30, "log2(bytes)", EMULATED,
	    "CAP.SSLPS and FS1GP of the guest's unit: 12, 21 or 30."),
	U32(virtual.input_width, "0", 0, 57, "bits", "[QEMU] aw-bits",
	    "CAP.MGAW of the guest's unit, 36 bits or more; 0: what iommu.guest_levels hold."),
	U32(virtual.domain_bits, "16", 4, 16, "bits", EMULATED, "CAP.ND of the guest's unit; an even number of bits."),
	U32(virtual.fault_records, "1", 1, 222, "registers", EMULATED, "CAP.NFR of the guest's unit."),
	U32(virtual.pasid_bits, "20", 1, 20, "bits", "ASSUMED: as the hardware's",
	    "ECAP.PSS of a nested guest's unit."),

	/* ---- the guest's kernel ---- */
	SWITCH(guest.sync_map_lock, "true",
	       "[LINUX] 6.12: cache_tag_flush_range_np; commit 12724ce3fe1a (6.17) leaves it out where it does nothing",
	       "VT-d: each map takes its domain's cache lock, also when it has nothing to invalidate."),

	/* ---- spapr ---- */
	CHOICE(spapr.window, "default", windows,
	       "[LINUX] enable_ddw: devices whose DMA mask has 64 bits ask for another one",
	       "The DMA window of a POWER guest: the default one at address 0, or a dynamic one at bit 59 that it asks "
	       "for "
	       "when its device is attached; direct: a dynamic one into which it maps all of its memory at once, and "
	       "then "
	       "nothing any more."),
	BYTES(spapr.window_bytes, "1 GiB", MIB, 16 * TIB, "[QEMU] spapr-pci-host-bridge, dma_win_size",
	      "Size of that window: a power of two; the default one 2 GiB at most, a direct one all of the guest's "
	      "memory."),
	U32(spapr.page_lg2, "12", 12, 30, "log2(bytes)", "[QEMU] SPAPR_TCE_PAGE_SHIFT",
	    "What a TCE maps: 12 (4 KiB), 16, 21 or 30; other than 12 in a dynamic window only."),
	U32(spapr.levels, "1", 1, 5, "levels", "[QEMU] vfio_spapr_create_window: as few as can be",
	    "Levels of a dynamic window's TCE table."),
	U32(spapr.kernel_page_lg2, "16", 12, 16, "log2(bytes)", "[LINUX]: distributions' kernels for POWER have 64 KiB",
	    "Pages of the host's kernel, what it pins and registers at least: 12 or 16."),

	/* ---- device ---- */
	CHOICE(device.pattern, "auto", patterns, "[RECORDED]: each device's class code is in the trace",
	       "What surrounds a transfer: NVMe queues or NIC rings; auto: by PCI class."),
	BYTES(device.mps_bytes, "256", 128, 4096, "ASSUMED: usual in servers; [PCIE] \"Device Control Register\"",
	      "Max_Payload_Size: writes are cut to this; a power of two."),
	BYTES(device.mrrs_bytes, "512", 128, 4096, "[PCIE] \"Device Control Register\": the value after reset",
	      "Max_Read_Request_Size: reads are cut to this; a power of two."),
	U32(device.reads_in_flight, "30", 1, 1024, "TLPs", "[PB]: about 30, NFP6000",
	    "Read requests outstanding per device."),
	U32(device.writes_in_flight, "25", 1, 1024, "TLPs",
	    "[FS]: PCIe buffers about 100 cache lines; 100 x 64 bytes / 256 bytes of Max_Payload_Size = 25",
	    "Write requests outstanding per device."),
	ROW(device.link_bytes_per_s, PARAMETER_RATE, "7876923076 B/s", 1000000, UINT64_C(1000000000000), "bytes/s",
	    NULL, "[PCIE]: Gen3 x8 as in [PB]: 8 GT/s x 8 lanes x 128/130 / 8 bits; x16 is 15.753846153 GB/s",
	    "Bandwidth of a device's link, each direction, after line encoding."),
	BYTES(device.tlp_overhead_bytes, "24", 0, 256, "[PCIE]: STP token 4 + header of 4 words 16 + LCRC 4",
	      "Bytes on the link per TLP besides its data."),
	U32(device.nic_descriptor_batch, "4", 1, 4096, "descriptors",
	    "ASSUMED: descriptors of 16 bytes, 64 bytes per read",
	    "Ring descriptors that a NIC fetches with one read."),

	/* ---- replay ---- */
	CHOICE(replay.mode, "dependencies", modes, "ASSUMED: closed loop, as the recorded drivers are",
	       "dependencies: program order and think time; recorded: at the recorded dates, as an open-loop load; "
	       "paced: as "
	       "dependencies, but nothing before its recorded date."),
	NAMED("replay.think_time", replay.think_time_ppm, PARAMETER_PPM, "1", 0, UINT64_C(1000000000), "", NULL,
	      "[RECORDED]: gaps as recorded",
	      "Factor on the recorded time between a CPU's operations; 0: back to back."),
	U64(replay.max_operations, "0", 0, UINT64_MAX, "rows", "ASSUMED: all",
	    "Stops after so many rows of the trace; 0: the whole trace."),
	SWITCH(replay.strict, "false", "ASSUMED", "Refuses traces with lost events or impossible maps and unmaps."),
	U32(replay.flush_queue_entries, "256", 1, 1048576, "entries",
	    "[LINUX]: IOVA_DEFAULT_FQ_SIZE; 250 in the driver's own queue before, [LX]",
	    "Deferred unmap: entries of each CPU's flush queue."),
	ROW(replay.flush_period, PARAMETER_PS, "10 ms", PS_PER_US, PS_PER_S, "ms", NULL,
	    "[LINUX]: IOVA_DEFAULT_FQ_TIMEOUT; [LX]", "Deferred unmap: the flush queues' timer."),

	/* ---- check ---- */
	SWITCH(check.stale_translations, "true", "ASSUMED: knowing costs no simulated time",
	       "Compares each translation that a cache answered with the tables of that moment."),

	/* ---- timing.guest ---- */
	PRICE(guest.dma_direct_map, "DMA API map without an IOMMU, per operation."),
	PRICE(guest.dma_direct_unmap, "DMA API unmap without an IOMMU, per operation."),
	PRICE(guest.iova_alloc, "Allocating an IOVA range, per operation."),
	PRICE(guest.iova_find, "Finding what an IOVA maps, per unmap."),
	PRICE(guest.iova_free, "Freeing an IOVA range, per operation."),
	PRICE(guest.map_other, "The rest of the DMA API's map path, per operation."),
	PRICE(guest.unmap_other, "The rest of the DMA API's unmap path, per operation."),
	PRICE(guest.entry_write, "Setting or clearing one leaf entry."),
	PRICE(guest.table_call, "One iommu_map or iommu_unmap call, besides its entries."),
	PRICE(guest.table_alloc, "Allocating and clearing one table page."),
	PRICE(guest.table_free, "Freeing one table page."),
	PRICE(guest.entry_flush, "Writing one cache line back for a walker that does not snoop; the host pays it too."),
	PRICE(guest.queue_submit, "Writing descriptors and the wait into the queue, without the doorbell."),
	PRICE(guest.doorbell, "A posted MMIO write that does not exit; the host pays it for its commands by register."),
	PRICE(guest.status_poll, "One read of the status that a wait descriptor writes; the host pays it too."),
	PRICE(guest.lock_handover, "A contended spin lock changes hands."),

	/* ---- timing.host ---- */
	PRICE(host.exit, "VM exit to the host kernel."),
	PRICE(host.enter, "Return from the host kernel into the guest."),
	PRICE(host.user_exit, "From the host kernel to the user-space device model and back."),
	PRICE(host.ioctl, "System call entry, copy of arguments, return."),
	PRICE(host.descriptor, "Emulated IOMMU: decoding and dispatching one guest descriptor."),
	PRICE(host.shadow_entry, "Emulated IOMMU: reading one guest table entry."),
	PRICE(host.container_find, "Looking up, inserting or removing one mapping of a container."),
	PRICE(host.pin_call, "One call that pins a batch of pages, besides its pages."),
	PRICE(host.pin_page, "Pinning one 4 KiB page that is present."),
	PRICE(host.unpin_page, "Unpinning one 4 KiB page."),
	PRICE(host.account, "Accounting of locked memory, per operation."),
	PRICE(host.registration_find, "Checking that memory is registered, per operation."),
	PRICE(host.table_call, "One map or unmap call on the host's table, besides its entries."),
	PRICE(host.entry_write, "Setting or clearing one leaf entry of the host's table."),
	PRICE(host.table_alloc, "Allocating and clearing one table page."),
	PRICE(host.queue_submit, "Writing descriptors and the wait into the host's queue, and its doorbell."),
	PRICE(host.invalidate_forward, "iommufd: checking and translating one guest invalidation."),
	PRICE(host.register_read, "Reading a register of the hardware IOMMU, to learn that a command is done."),
	PRICE(host.hypercall, "POWER, KVM: one hypercall for TCEs, besides its entries."),
	PRICE(host.tce_check, "POWER, KVM: checking one TCE and finding its page in the guest's memory."),
	PRICE(host.tce_kill, "POWER: invalidating one TCE in the host bridge."),
	PRICE(host.start_pin_page, "Pinning at start, per 4 KiB, with the fault and the clearing of the page."),
	PRICE(host.guest_access, "The host's access to a page of guest memory, for a mediated device."),

	/* ---- timing.iommu ---- */
	PRICE(iommu.iotlb_lookup, "IOTLB lookup: hit or miss is known after this."),
	PRICE(iommu.device_lookup, "Context and PASID cache lookup, per miss."),
	PRICE(iommu.walk_cache_lookup, "Paging-structure cache lookup, per miss and stage."),
	PRICE(iommu.memory_read, "One read of a table entry or structure."),
	PRICE(iommu.memory_update, "One atomic update of accessed or dirty flags."),
	PRICE(iommu.descriptor_fetch, "Reading one descriptor from the invalidation queue."),
	PRICE(iommu.invalidate, "Executing one invalidation in the caches."),
	PRICE(iommu.status_write, "A wait descriptor's status reaching memory."),
	PRICE(iommu.write_buffer_flush, "Flushing the write buffers when told to."),
	PRICE(iommu.data_read, "Memory read behind the IOMMU, per TLP."),
	PRICE(iommu.data_write, "Memory write behind the IOMMU, per TLP."),

	/* ---- timing.handover ---- */
	PRICE(handover.save, "A hypervisor saves its own state."),
	PRICE(handover.load, "A hypervisor restores its own state."),
	PRICE(handover.exec, "A new hypervisor process, until it can take calls."),
	PRICE(handover.kexec, "A new kernel, until it starts processes."),
	PRICE(handover.preserve_table,
	      "Handing one page of the host's tables to a new kernel; taking it over costs the same."),
	PRICE(handover.device_reset, "Resetting an assigned device, until its driver may use it."),

	/* ---- timing.pcie ---- */
	PRICE(pcie.link_latency, "Device to root complex, or back."),
	PRICE(pcie.device_think, "Doorbell seen by the device to its first TLP."),
	PRICE(pcie.completion_interrupt, "Completion written to the start of the guest's handler."),

	U64(seed, "1", 0, UINT64_MAX, "", "ASSUMED", "Seed of all random choices."),
};
const size_t parameter_count = sizeof(parameters) / sizeof(parameters[0]);

const struct parameter *parameter_find(const char *name)
{
	for (size_t i = 0; i < parameter_count; i++)
		if (strcmp(parameters[i].name, name) == 0)
			return &parameters[i];
	return NULL;
}

bool parameter_is_group(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < parameter_count; i++)
		if (strncmp(parameters[i].name, name, length) == 0 && parameters[i].name[length] == '.')
			return true;
	return false;
}

void parameter_suggest(const char *prefix, const char *name, char *text, size_t size)
{
	struct nearest nearest;
	size_t prefix_length = strlen(prefix);
	char candidate[64], group[64];

	nearest_begin(&nearest, name);
	for (size_t i = 0; i < parameter_count; i++) {
		const char *path = parameters[i].name + prefix_length;

		if (strncmp(parameters[i].name, prefix, prefix_length) != 0)
			continue;
		nearest_offer(&nearest, path, path);
		for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
			snprintf(candidate, sizeof(candidate), "%.*s", (int)(dot - path), path);
			if (nearest_offer(&nearest, candidate, group))
				memcpy(group, candidate, sizeof(group));
			if (!strchr(name, '.')) /* "iotlb_entries" for "iommu.iotlb_entries" */
				nearest_offer(&nearest, dot + 1, path);
		}
	}
	nearest_suggestion(&nearest, text, size);
}

void config_default(struct config *config)
{
	struct err err = { 0 };

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < parameter_count; i++)
		if (parameters[i].initial)
			REQUIRE(parameter_parse(&parameters[i], parameters[i].initial, config, &err));
}
