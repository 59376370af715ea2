package io.flm.coordinator;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Rates;
import io.flm.worker.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a run. Who has the {@link RunView} of some moment and all events since has the run as it stands: times,
 * rates and how much time is left aside.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = RunEvent.Entered.class, name = "state"),
    @JsonSubTypes.Type(value = RunEvent.Stepped.class, name = "step"),
    @JsonSubTypes.Type(value = RunEvent.Formed.class, name = "generation"),
    @JsonSubTypes.Type(value = RunEvent.WorkersChanged.class, name = "workers"),
    @JsonSubTypes.Type(value = RunEvent.NotesChanged.class, name = "notes"),
    @JsonSubTypes.Type(value = RunEvent.Sampled.class, name = "samples"),
    @JsonSubTypes.Type(value = RunEvent.Saved.class, name = "checkpoint"),
    @JsonSubTypes.Type(value = RunEvent.Compared.class, name = "weights")
})
public sealed interface RunEvent extends WireMessage {
    /** What events are called over HTTP. */
    default String type() {
        for (JsonSubTypes.Type type :
                RunEvent.class.getAnnotation(JsonSubTypes.class).value()) {
            if (type.value() == getClass()) {
                return type.name();
            }
        }
        throw new IllegalStateException("an event without a name: " + getClass());
    }

    /**
     * The run came into a state, or its reason changed.
     *
     * @param state as in {@link RunView}
     * @param reason never empty
     */
    record Entered(String state, String reason) implements RunEvent {}

    /**
     * A step was committed. Rank 0 tells of one a few times a second, not of all.
     *
     * @param step from 0
     * @param loss the weighted mean of the global batch
     * @param rates of rank 0
     * @param learningRate the base rate of the step
     * @param gradientNorm before it is clipped
     */
    record Stepped(
            long generation,
            long step,
            double loss,
            List<Head> heads,
            Rates rates,
            @Nullable Double learningRate,
            @Nullable Double gradientNorm)
            implements RunEvent {
        public Stepped {
            heads = List.copyOf(heads);
        }
    }

    /** A generation was made, or it committed its first step: then {@code tookMs} is known. */
    record Formed(GenerationView generation) implements RunEvent {}

    /**
     * Workers came, or stand otherwise than before.
     *
     * @param gone names of those that are not known any more
     */
    record WorkersChanged(List<WorkerView> changed, List<String> gone) implements RunEvent {
        public WorkersChanged {
            changed = List.copyOf(changed);
            gone = List.copyOf(gone);
        }
    }

    /** All notes as they are now: what the operator should know though training goes on. */
    record NotesChanged(List<String> notes) implements RunEvent {
        public NotesChanged {
            notes = List.copyOf(notes);
        }
    }

    /**
     * Weights were asked about held-out samples; {@link Coordinator.GetSamples} has what they said.
     *
     * @param step committed steps of these weights
     */
    record Sampled(long step) implements RunEvent {}

    /** A checkpoint that was asked for is on a disk. */
    record Saved(CheckpointView checkpoint) implements RunEvent {}

    /** The members' weights were compared, and are the same. */
    record Compared(String weightsSha256) implements RunEvent {}
}
