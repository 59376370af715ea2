package io.flm.launch.compare;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a comparison that is done or not: a process of its own, with a folder {@code cells/KEY} and in it {@code result.json} once
 * it is done.
 */
sealed interface Cell {
    /** Unlike any other cell's of the experiment; the name of a folder. */
    String key();

    /** The keys of the cells whose results it reads. */
    List<String> needs();

    /** What people call it. */
    Kind kind();

    /** The kinds, in the order in which they are done where nothing else decides. */
    enum Kind {
        CALIBRATE("calibrate"),
        PRETRAIN("pretrain"),
        FINETUNE("finetune"),
        SCORE("score");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }
    }

    /** A short run that tells what a step takes. Nothing else is run beside it. */
    record Calibrate(Variant variant) implements Cell {
        @Override
        public String key() {
            return "calibrate-" + variant.name();
        }

        @Override
        public List<String> needs() {
            return List.of();
        }

        @Override
        public Kind kind() {
            return Kind.CALIBRATE;
        }
    }

    /**
     * Pretrains.
     *
     * @param trial its number in the grid, from 0; null: this is none, and the best one's settings are taken
     * @param points checkpoints that are kept of it
     */
    record Pretrain(Variant variant, @Nullable Integer trial, int seed, int points, List<String> needs)
            implements Cell {
        public Pretrain {
            needs = List.copyOf(needs);
        }

        @Override
        public String key() {
            return trial == null ? variant.name() + "-seed" + seed : "tune-" + variant.name() + "-" + (trial + 1);
        }

        @Override
        public Kind kind() {
            return Kind.PRETRAIN;
        }
    }

    /**
     * Fine-tunes a checkpoint.
     *
     * @param point of the pretraining, from 0
     */
    record Finetune(Pretrain pretrained, int point, Task task) implements Cell {
        @Override
        public String key() {
            return pretrained.key() + "-point" + (point + 1) + "-" + task.name() + "-tuned";
        }

        @Override
        public List<String> needs() {
            return List.of(pretrained.key());
        }

        @Override
        public Kind kind() {
            return Kind.FINETUNE;
        }
    }

    /**
     * Evaluates a checkpoint, or what was fine-tuned from it.
     *
     * @param finetuned null: the checkpoint as it is
     */
    record Score(
            Pretrain pretrained,
            int point,
            Task task,
            @Nullable Finetune finetuned) implements Cell {
        @Override
        public String key() {
            return pretrained.key() + "-point" + (point + 1) + "-" + task.name();
        }

        @Override
        public List<String> needs() {
            return finetuned == null ? List.of(pretrained.key()) : List.of(pretrained.key(), finetuned.key());
        }

        @Override
        public Kind kind() {
            return Kind.SCORE;
        }
    }
}
