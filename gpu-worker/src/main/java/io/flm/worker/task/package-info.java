/**
 * What a pretrained model is fine-tuned on, and scored by. Each {@link io.flm.worker.task.Task} has a package of its own: {@code vqa},
 * {@code nlvr2} and others. It reads its annotation files, makes an objective out of the one that the model was pretrained with, and
 * scores the model on examples that it was not trained on.
 *
 * <p>Fine-tuning is training: lanes, workers, checkpoints and the exchange know nothing of tasks. Read {@link
 * io.flm.worker.task.ClassObjective} for how class vectors become predictions, {@link io.flm.worker.task.TaskModel} for how a model is
 * asked. {@code io.flm.worker.train.Tasks} lists the tasks; nobody else knows which ones there are.
 */
@NullMarked
package io.flm.worker.task;

import org.jspecify.annotations.NullMarked;
