/**
 * Arrow files as ViLT and METER write them: a row is a picture with its captions. Read {@link io.flm.data.arrow.ArrowShard} first.
 *
 * <pre>
 * ArrowShard   the rows as samples: which columns, which types; a picture's place is known, its captions' are looked up
 *   ArrowFile    the file format: schema, record batches, and where the buffers of each column lie
 *     FlatTable    flatbuffers, the encoding of what the file says of itself
 * </pre>
 *
 * <p>Nothing is read whole but what a file says of itself and the places of its pictures; a row's bytes are read as they are asked for.
 */
@NullMarked
package io.flm.data.arrow;

import org.jspecify.annotations.NullMarked;
