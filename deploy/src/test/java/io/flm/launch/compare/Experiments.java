package io.flm.launch.compare;

import io.flm.launch.command.TestEnvironment;
import io.flm.launch.config.Configuration;
import io.flm.worker.train.Objectives;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Small experiments of the preset tiny. */
final class Experiments {
    private Experiments() {}

    static Configuration configuration(String... assignments) {
        Configuration.Builder layers = Configuration.builder().preset("tiny", TestEnvironment.ROOT);
        for (String assignment : assignments) {
            layers.set(assignment, Path.of("/"));
        }
        return layers.build();
    }

    static Variant variant(String text) {
        return Variant.parse(text, Objectives.all(configuration().config().getConfig("flm.train")));
    }

    static List<Variant> variants(String... texts) {
        return List.of(texts).stream().map(Experiments::variant).toList();
    }

    static List<Task> zeroShot() {
        return Task.parse(configuration().config().getConfig("flm.task"), List.of("zero-shot"), Map.of(), Map.of());
    }

    static List<Task> zeroShotAndNlvr() {
        Map<String, List<Path>> files = Map.of("nlvr", List.of(Path.of("/nlvr.json")));
        return Task.parse(configuration().config().getConfig("flm.task"), List.of("zero-shot", "nlvr"), files, files);
    }

    static Experiment of(List<Variant> variants, int seeds, String budget, List<Task> tasks, int trials, int points) {
        return new Experiment(
                variants,
                seeds,
                Budget.parse(budget),
                tasks,
                trials,
                0.25,
                points,
                100,
                List.of("flm.train.lanes=2"),
                configuration());
    }

    /** Two objectives, two seeds, two points, a grid of two. */
    static Experiment small() {
        return of(variants("flm@0", "mlm@0.4"), 2, "40steps", zeroShot(), 2, 2);
    }
}
