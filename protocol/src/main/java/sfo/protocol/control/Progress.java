package sfo.protocol.control;

/** A step's news while an operation is under way: {@code state} as in {@link Views.StepView}. */
public record Progress(String operation, String step, String title, String state, long millis, String detail) {}
