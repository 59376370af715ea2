/** Captions: {@link io.flm.worker.task.caption.CaptionTask} is the task. */
@NullMarked
package io.flm.worker.task.caption;

import org.jspecify.annotations.NullMarked;
