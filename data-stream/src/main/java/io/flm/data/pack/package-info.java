/**
 * Packs samples of any source into shards: {@code flm data pack}. Read {@link io.flm.data.pack.Pack} first.
 *
 * <pre>
 * threads    Preparation: a sample is read, decoded, measured, filtered, encoded      any number of them, in any order
 *    |
 * one thread Pack: takes them in the order of the source; leaves out what is a duplicate; fills shards
 *    |
 * folder     PackFolder: a shard is written beside its name, put down in shards.jsonl, then takes its name
 * </pre>
 *
 * <p>What is written follows from the samples and the {@link io.flm.data.pack.PackSettings} alone: neither the number of threads nor a kill
 * is seen in it. What is known of finished shards is in their {@link io.flm.data.pack.PackedShard} records, so a process that goes on
 * begins behind the last of them, whatever the one before it had in memory.
 */
@NullMarked
package io.flm.data.pack;

import org.jspecify.annotations.NullMarked;
