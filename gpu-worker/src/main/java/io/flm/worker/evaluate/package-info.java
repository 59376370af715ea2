/**
 * What a model says of pictures that it never saw.
 *
 * <p>Read {@link io.flm.worker.evaluate.TrainedModel} first: it is a checkpoint that can be asked. Of held-out data {@link
 * io.flm.worker.evaluate.HeldOutData}, which {@code HeldOutReader} reads, {@code Evaluation} runs the measures one after another: {@code
 * TokenMeasure} of hidden tokens, {@code Retrieval} and {@code Captions} of the l2r stream, each beside what the same model reaches without
 * the picture. {@link io.flm.worker.evaluate.Report} holds the figures, one for each {@link io.flm.worker.evaluate.Metric}. All draws are
 * keyed by {@code flm.evaluate.seed}: the same weights and samples give the same figures.
 *
 * <p>What a task scores is its own, {@code io.flm.worker.task}; {@code TextReadings} shows how its texts are read. {@code
 * HeldOutValidation} is the loss on held-out samples while a run trains. {@link io.flm.worker.evaluate.PictureCaptions} writes captions of
 * files.
 */
@NullMarked
package io.flm.worker.evaluate;

import org.jspecify.annotations.NullMarked;
