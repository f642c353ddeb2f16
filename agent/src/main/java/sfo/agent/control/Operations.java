package sfo.agent.control;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Progress;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Share;

/**
 * What the control socket asks the agent for. Nothing blocks; a stage that fails is a defect of ours and is shown as
 * such. An unknown group or volume is an answer with exit code 2 that names those that there are.
 */
public interface Operations {
    CompletionStage<Views.StatusView> status();

    /** What each named appliance offers; one that does not answer is missing from the list. */
    CompletionStage<List<Views.SurveyView>> survey(List<String> appliances);

    /** The names of all appliances that this one knows and that can serve, itself first. */
    List<String> appliances();

    /** Those that it knows and that only vote. */
    List<String> witnesses();

    /** Verified with every member, stored on every member, and started on its home, or refused as a whole. */
    CompletionStage<Answer> createGroup(GroupDefinition group, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> destroyGroup(String group, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> setMac(String group, String slot, MacChoice mac, Requests.Operator by);

    /** Ends when the former terms hold no more, or again. An Invalid fails the stage. */
    CompletionStage<Answer> changeTerms(Requests.TermsChange change, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> createShare(Requests.NewShare share, Requests.Operator by);

    CompletionStage<Answer> changeShare(Requests.ShareChange change, Requests.Operator by);

    CompletionStage<Answer> destroyShare(String group, Share.Protocol protocol, String name, Requests.Operator by);

    CompletionStage<Answer> createTarget(Requests.NewTarget target, Requests.Operator by);

    CompletionStage<Answer> changeTarget(Requests.TargetChange change, Requests.Operator by);

    CompletionStage<Answer> destroyTarget(String group, String name, Requests.Operator by);

    CompletionStage<Answer> createVolume(Requests.NewVolume volume, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> volume(Requests.VolumeVerb verb, String group, String volume, Requests.Operator by);

    CompletionStage<Answer> check(String group);

    /** The body is a {@link Views.PlanView}. */
    CompletionStage<Answer> plan(String group, boolean undo);

    /** Ends when the saga has ended; it goes on whether or not anyone listens. */
    CompletionStage<Answer> failover(Requests.Failover failover, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> undo(Requests.Undo undo, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> resume(String group, Requests.Operator by, Consumer<Progress> progress);

    CompletionStage<Answer> resolve(String group, Requests.Operator by);

    /** The body is a list of {@link Views.SagaView}, newest first. */
    CompletionStage<Answer> history(Optional<String> group);

    /** The body is a {@link Views.CheckpointView}. */
    CompletionStage<Answer> checkpoint(String group);

    /** Makes one now and sends it to every peer; ends when each has it or can't be reached. */
    CompletionStage<Answer> backupNow();

    /** The body is a list of {@link Views.BackupView}. */
    CompletionStage<Answer> backups();

    /** The body is the {@link sfo.protocol.model.Inventory} in it. */
    CompletionStage<Answer> backup(String appliance, long sequence);

    /** Reads and checks every kept backup again. */
    CompletionStage<Answer> verifyBackups();

    List<Views.PluginView> plugins();
}
