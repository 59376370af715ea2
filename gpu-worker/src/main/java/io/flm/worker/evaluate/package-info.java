/**
 * What a model says of pictures that it never saw.
 *
 * <p>Read {@link io.flm.worker.evaluate.Evaluation} first: it runs the measures one after another, {@code TokenMeasure} (the
 * reconstructor), {@code Retrieval} and {@code Captions} (the l2r stream), each beside what the same model reaches without
 * the picture. Each names its
 * metrics ({@link io.flm.worker.evaluate.Metric}); {@link io.flm.worker.evaluate.Report} holds the figures. {@link
 * io.flm.worker.decode.Decoder} writes the captions.
 * All draws are keyed by {@code flm.evaluate.seed}: the same weights and samples give the same figures.
 */
@NullMarked
package io.flm.worker.evaluate;

import org.jspecify.annotations.NullMarked;
