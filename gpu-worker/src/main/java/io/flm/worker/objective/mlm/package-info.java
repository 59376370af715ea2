/**
 * Masked language modeling, BERT's: {@link io.flm.worker.objective.mlm.MaskedLanguageModeling} is the objective, {@code
 * MaskCorruption} makes its batches.
 */
@NullMarked
package io.flm.worker.objective.mlm;

import org.jspecify.annotations.NullMarked;
