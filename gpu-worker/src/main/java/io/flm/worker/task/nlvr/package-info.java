/** Sentences about a picture of boxes: {@link io.flm.worker.task.nlvr.NlvrTask} is the task. */
@NullMarked
package io.flm.worker.task.nlvr;

import org.jspecify.annotations.NullMarked;
