package io.flm.launch;

import io.flm.worker.StepResult;
import java.nio.file.Path;
import java.util.List;

/** Tells several listeners, in their order. */
final class RunListeners implements RunListener {
    private final List<RunListener> listeners;

    RunListeners(RunListener... listeners) {
        this.listeners = List.of(listeners);
    }

    @Override
    public void onStart(Start start) {
        listeners.forEach(listener -> listener.onStart(start));
    }

    @Override
    public void onStep(StepResult result) {
        listeners.forEach(listener -> listener.onStep(result));
    }

    @Override
    public void onCheckpoint(Path checkpoint, long steps) {
        listeners.forEach(listener -> listener.onCheckpoint(checkpoint, steps));
    }

    @Override
    public void onNote(String note) {
        listeners.forEach(listener -> listener.onNote(note));
    }
}
