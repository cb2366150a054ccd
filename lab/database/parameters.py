# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database parameters that PostgreSQL 15 knows and RDS lets a parameter group set, and RDS's defaults. Data."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMES = """
    array_nulls authentication_timeout autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold
    autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age autovacuum_naptime
    autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit autovacuum_vacuum_insert_scale_factor
    autovacuum_vacuum_insert_threshold autovacuum_vacuum_scale_factor autovacuum_vacuum_threshold autovacuum_work_mem
    backend_flush_after backslash_quote bgwriter_delay bgwriter_flush_after bgwriter_lru_maxpages
    bgwriter_lru_multiplier bytea_output check_function_bodies checkpoint_completion_target checkpoint_flush_after
    checkpoint_timeout checkpoint_warning client_encoding client_min_messages commit_delay commit_siblings
    compute_query_id constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction
    datestyle deadlock_timeout debug_pretty_print debug_print_parse debug_print_plan debug_print_rewritten
    default_statistics_target default_tablespace default_toast_compression default_transaction_deferrable
    default_transaction_isolation default_transaction_read_only effective_cache_size effective_io_concurrency
    enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin enable_incremental_sort
    enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
    enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
    enable_partitionwise_join enable_seqscan enable_sort enable_tidscan escape_string_warning exit_on_error
    extra_float_digits from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed
    geqo_selection_bias geqo_threshold gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier
    hot_standby_feedback idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit jit_above_cost
    jit_inline_above_cost jit_optimize_above_cost join_collapse_limit lc_messages lc_monetary lc_numeric lc_time
    lo_compat_privileges lock_timeout log_autovacuum_min_duration log_checkpoints log_connections log_disconnections
    log_duration log_error_verbosity log_executor_stats log_hostname log_line_prefix log_lock_waits
    log_min_duration_sample log_min_duration_statement log_min_error_statement log_min_messages
    log_parameter_max_length log_parameter_max_length_on_error log_parser_stats log_planner_stats
    log_recovery_conflict_waits log_replication_commands log_startup_progress_interval log_statement
    log_statement_sample_rate log_statement_stats log_temp_files log_transaction_sample_rate logical_decoding_work_mem
    maintenance_io_concurrency maintenance_work_mem max_connections max_files_per_process max_locks_per_transaction
    max_logical_replication_workers max_parallel_maintenance_workers max_parallel_workers
    max_parallel_workers_per_gather max_pred_locks_per_page max_pred_locks_per_relation max_pred_locks_per_transaction
    max_prepared_transactions max_replication_slots max_slot_wal_keep_size max_stack_depth max_standby_archive_delay
    max_standby_streaming_delay max_sync_workers_per_subscription max_wal_senders max_wal_size max_worker_processes
    min_parallel_index_scan_size min_parallel_table_scan_size min_wal_size old_snapshot_threshold
    parallel_leader_participation parallel_setup_cost parallel_tuple_cost plan_cache_mode quote_all_identifiers
    random_page_cost recursive_worktable_factor row_security search_path seq_page_cost session_replication_role
    shared_buffers ssl_max_protocol_version ssl_min_protocol_version standard_conforming_strings statement_timeout
    stats_fetch_consistency superuser_reserved_connections synchronize_seqscans synchronous_commit
    tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout temp_buffers temp_file_limit
    timezone track_activities track_activity_query_size track_commit_timestamp track_counts track_functions
    track_io_timing track_wal_io_timing transform_null_equals update_process_title vacuum_cost_delay vacuum_cost_limit
    vacuum_cost_page_dirty vacuum_cost_page_hit vacuum_cost_page_miss vacuum_defer_cleanup_age vacuum_failsafe_age
    vacuum_freeze_min_age vacuum_freeze_table_age vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age
    vacuum_multixact_freeze_table_age wal_buffers wal_compression wal_keep_size wal_receiver_status_interval
    wal_receiver_timeout wal_sender_timeout wal_writer_delay wal_writer_flush_after work_mem xmlbinary xmloption
"""
NAMES = frozenset(_NAMES.split())

EXTENSIONS = re.compile(r"(auto_explain|pg_stat_statements|plpgsql)\.\w+")
"""Parameters of what comes with the server."""
LIBRARIES = frozenset({"auto_explain", "pg_prewarm", "pg_stat_statements"})
"""What ``shared_preload_libraries`` may name."""

# From default.postgres15; what is not here has PostgreSQL's own default.
DEFAULTS: Mapping[str, str] = {
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_max_workers": "GREATEST({DBInstanceClassMemory/64371566592},3)",
    "autovacuum_naptime": "15",
    "autovacuum_vacuum_cost_limit": "GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)",
    "autovacuum_vacuum_scale_factor": "0.1",
    "effective_cache_size": "{DBInstanceClassMemory/16384}",
    "idle_in_transaction_session_timeout": "86400000",
    "log_line_prefix": "%t:%r:%u@%d:[%p]:",
    "maintenance_work_mem": "GREATEST({DBInstanceClassMemory*1024/63963136},65536)",
    "max_connections": "LEAST({DBInstanceClassMemory/9531392},5000)",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "shared_preload_libraries": "pg_stat_statements",
}
