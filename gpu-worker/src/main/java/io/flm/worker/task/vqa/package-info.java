/** Questions about pictures: {@link io.flm.worker.task.vqa.VqaTask} is the task. */
@NullMarked
package io.flm.worker.task.vqa;

import org.jspecify.annotations.NullMarked;
