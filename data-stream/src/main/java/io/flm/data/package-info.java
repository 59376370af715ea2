/**
 * The way of a sample: read, decode, augment, tokenize, corrupt, batch.
 *
 * <p>Read {@link io.flm.data.Ingest} first: it is the graph of named stages. {@link io.flm.data.LaneBatch} is what comes
 * out of it, {@link io.flm.data.RandomStream} is why it comes out the same on every machine. Corruption is data: spans,
 * masks and labels are integers in a {@link io.flm.data.TextBatch}, and the model only obeys them.
 */
@NullMarked
package io.flm.data;

import org.jspecify.annotations.NullMarked;
