package io.flm.data;

/**
 * The l2r and the r2l stream, and the reconstructor, which reads both: FLM (arXiv 2303.14038) §3. All arrays are row-major
 * [B, L].
 *
 * @param queryIds what the reconstructor reads: {@code <mask>} at every real position but the first and the last, 0 at pads
 * @param left the left extent of each position's span: position i loses l2r columns [i - left, i]
 * @param right the right extent: position i loses r2l columns [i, i + right]
 */
public record Reconstruction(int[] queryIds, int[] left, int[] right) implements Streams {}
