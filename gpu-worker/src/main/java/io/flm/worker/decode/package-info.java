/**
 * Writing captions with the l2r stream.
 *
 * <p>Read {@link io.flm.worker.decode.Decoder} first: it goes token by token, greedily or by drawing; {@code BeamSearch} keeps
 * several captions of a picture in the race. {@link io.flm.worker.decode.Decoding} says which of them, {@link
 * io.flm.worker.decode.CaptionBounds} how a caption begins and ends. The stream itself, with the keys and values that it keeps,
 * is {@link io.flm.worker.model.CaptionStream}.
 */
@NullMarked
package io.flm.worker.decode;

import org.jspecify.annotations.NullMarked;
