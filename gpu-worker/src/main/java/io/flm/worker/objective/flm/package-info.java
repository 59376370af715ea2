/**
 * Free language modeling: FLM (arXiv 2303.14038). {@link io.flm.worker.objective.flm.FreeLanguageModeling} is the objective, {@code
 * SpanCorruption} makes its batches, {@code Spans} draws what a token may not see.
 */
@NullMarked
package io.flm.worker.objective.flm;

import org.jspecify.annotations.NullMarked;
