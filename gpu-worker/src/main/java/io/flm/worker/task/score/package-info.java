/**
 * How good answers and captions are, by the figures of the field: numbers made of texts and of score matrices, without tensors.
 *
 * <p>Read {@link io.flm.worker.task.score.CaptionScores} first: BLEU, ROUGE-L, CIDEr-D and exact matches of captions, of whose words
 * {@link io.flm.worker.task.score.CaptionTokenizer} decides. {@link io.flm.worker.task.score.VqaAccuracy} scores answers to
 * questions, {@link io.flm.worker.task.score.Recalls} searches. Each gives a {@link io.flm.worker.task.score.Score}, which keeps what
 * every example reached, for {@link io.flm.worker.task.score.Mean}'s standard error. {@code tests/golden/README.md} says which figures
 * of the official evaluations these are held against.
 */
@NullMarked
package io.flm.worker.task.score;

import org.jspecify.annotations.NullMarked;
