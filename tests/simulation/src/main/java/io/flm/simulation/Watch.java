package io.flm.simulation;

import io.flm.coordinator.RunView;
import io.flm.worker.Generation;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sees what happens, and has every property look at it. The first thing that is wrong is kept. */
final class Watch {
    /** What is wrong: the property that does not hold, and why. */
    record Violation(String property, String what) {}

    final Goodput goodput;
    private final List<Property> properties;
    private @Nullable Violation violation;

    Watch(Scenario scenario) {
        goodput = new Goodput(scenario.stepMs());
        properties = List.of(
                new EveryLaneOnce(scenario),
                new OneHistory(),
                new MembersAgree(),
                new GenerationsOnlyGrow(),
                new NoWaitWithoutReason(),
                new FinishesOnceFaultsStop(scenario),
                new GetsOnWithoutDeadTransports(scenario),
                new SameWeightsAsUndisturbed(scenario));
    }

    @Nullable Violation violation() {
        return violation;
    }

    private void look(Function<Property, Optional<String>> look) {
        for (Property property : properties) {
            Optional<String> wrong = look.apply(property);
            if (wrong.isPresent() && violation == null) {
                violation = new Violation(property.name(), wrong.get());
            }
        }
    }

    void entered(Life life, Generation generation) {
        look(p -> p.onEntered(life, generation));
    }

    void reduced(Reduction r, double nowMs) {
        goodput.reduced(r, nowMs);
        look(p -> p.onReduced(r));
    }

    void committed(Life life, Reduction r, long steps, long weights) {
        look(p -> p.onCommitted(life, r, steps, weights));
    }

    void view(RunView view, double nowMs) {
        look(p -> p.onView(view, nowMs));
    }

    void end(RunView last) {
        look(p -> p.onEnd(last));
    }
}
