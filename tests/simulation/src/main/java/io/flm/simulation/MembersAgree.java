package io.flm.simulation;

import java.util.Optional;

/** The members of a generation have the same weights before and after each step. */
final class MembersAgree extends Property {
    @Override
    Optional<String> onReduced(Reduction r) {
        for (Reduction.Part part : r.parts()) {
            if (part.weights() != r.before()) {
                return Optional.of("before step " + r.step() + " of generation "
                        + r.generation().number() + " " + part.worker() + " has other weights than "
                        + r.parts().get(0).worker());
            }
        }
        return FINE;
    }

    @Override
    Optional<String> onCommitted(Life life, Reduction r, long committedSteps, long weights) {
        return committedSteps == r.step() + 1 && weights == r.after()
                ? FINE
                : Optional.of(life.node.worker + " commits step " + (committedSteps - 1)
                        + " with other weights than the others commit step " + r.step());
    }
}
