/**
 * Image-text matching beside another objective: {@link io.flm.worker.objective.itm.ImageTextMatching} is both together, {@code
 * MatchingCorruption} puts the batches of both under each other, {@code FalsePictures} draws which rows see another picture.
 */
@NullMarked
package io.flm.worker.objective.itm;

import org.jspecify.annotations.NullMarked;
