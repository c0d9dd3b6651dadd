-- The types of `mz`, for the Lua language server. Made from the registry; a test keeps them equal.
---@meta

---A text with a unit, such as `90s`, `5m`, `1h`, or a number of seconds.
---@alias mz.Duration string|number

---@class mz
mz = {}

---What a recipe's functions are called with.
---@class mz.Context
---@field args table<string, any> the arguments of the recipe; durations in seconds
---@field run string id of the run
---@field recipe string name of the recipe
---@field rehearsal boolean whether nothing is really done
---@field done fun(message: string) says how the run ended, for the last line
---@field refuse fun(message: string, evidence?: any) ends the run with exit code 3 (`recipe.refused`): the recipe has looked and says no. The evidence, any table that JSON can hold, is shown below the message, and is `error.evidence` under `--json`
---@field hook fun(name: string, ...): any calls the functions that were given for a hook, each with `ctx` and the rest; gives what the last one returned, nil where there is none

---A compiled project.
---@class mz.Project
---@field objects mz.ProjectObject[] each behind everything it reads
---@field diagnostics mz.Diagnostic[] what a person should know; errors are raised
---@field clusters integer clusters it defines
---@field sources integer sources it defines
---@field fingerprint string equal for projects that would be deployed alike

---An object of a project.
---@class mz.ProjectObject
---@field name string full name
---@field database string
---@field schema string
---@field object string its own name
---@field kind string
---@field cluster string? the cluster it runs on
---@field depends_on string[] objects of the project that it reads
---@field fingerprint string what it means
---@field file string
---@field line integer

---Something about a file.
---@class mz.Diagnostic
---@field severity "error"|"warning"
---@field code string
---@field message string
---@field file string
---@field line integer
---@field column integer
---@field sqlstate string? the server's, where the server found it
---@field detail string? the server's
---@field hint string? the server's

---What `mz.check` found.
---@class mz.Checked
---@field checked integer objects whose query the server has accepted
---@field diagnostics mz.Diagnostic[] warnings; errors are raised

---What `mz.setup` made.
---@class mz.Setup
---@field statements string[] statements that ran; none where everything was there

---What `mz.apply` did.
---@class mz.Applied
---@field actions string[] in words, in order
---@field statements string[] secrets masked

---What a deployment would change.
---@class mz.Changes
---@field empty boolean whether there is nothing to deploy
---@field unfinished string? the last promotion, where what follows it was not done; staging goes on with it
---@field objects mz.Change[] every object that is not unchanged
---@field summary table<string, integer> how many objects there are of each change
---@field drifted string[] objects that somebody else changed
---@field removed string[] objects that would be gone
---@field replacements string[] materialized views that are replaced in place, so that what reads them stays
---@field pending_replacements string[] what an earlier promotion has still to replace in place, in words
---@field kept string[] what a schema with a stable API keeps since others read it, in words
---@field in_place string[] what is granted or commented in place, in words
---@field to_apply string[] what `apply` would do first, in words
---@field sinks string[] sinks that will read the new objects
---@field repointed_sinks string[] sinks that will read something else, in words
---@field changed_sinks string[] sinks that only `apply` makes anew, when asked to
---@field foreign_dependents string[] objects of others that read what is replaced
---@field refusals string[] codes of what forbids the deployment; `mz.stage` raises the first
---@field isolation "cluster"|"schema"|"object"
---@field cost mz.Cost
---@field alternatives mz.Cost[] what other isolations would cost
---@field isolations table<string, mz.Cost> what each isolation would cost, by its name
---@field against mz.Against? what production was compared with

---What happens to an object.
---@class mz.Change
---@field name string full name
---@field kind string
---@field change "added"|"changed"|"removed"|"drifted"|"dependent"|"carried"|"reindexed"|"metadata"
---@field because string[] the objects that are the reason, nearest first
---@field way "swapped"|"replaced"|"renamed" how it becomes production, or leaves it
---@field file string?

---What a deployment takes.
---@class mz.Cost
---@field isolation string? of an alternative
---@field refusals string[]? of an alternative: codes of what forbids it
---@field forbidden string? of an alternative: what forbids it and not what was asked for
---@field objects integer objects built
---@field clusters integer clusters cloned
---@field ddl_statements integer

---A promotion.
---@class mz.Against
---@field deployment string
---@field at_ms integer milliseconds since 1970
---@field age_s integer
---@field by string role

---A production name and its staging name.
---@class mz.Pair
---@field production string
---@field staging string

---What stands beside production.
---@class mz.Deployment
---@field id string
---@field schemas mz.Pair[]
---@field clusters mz.Pair[]
---@field renamed mz.Pair[] objects that change names one by one, with isolation `object`
---@field objects integer objects built
---@field replacements string[] those that take over in place, by production name
---@field promoted boolean whether it is production already: the run was resumed behind its swap

---How a deployment fares.
---@class mz.Status
---@field deployment string
---@field state "ready"|"hydrating"|"lagging"|"failing" the worst of its objects
---@field ready integer objects that are ready
---@field total integer
---@field clusters mz.ClusterStatus[]
---@field objects mz.ObjectStatus[]

---How a cluster fares.
---@class mz.ClusterStatus
---@field name string
---@field state string
---@field ready integer
---@field total integer
---@field reason string?

---How an object fares.
---@class mz.ObjectStatus
---@field name string production name
---@field state string
---@field lag_s number? seconds behind the server's clock, where known
---@field reason string? why it is not ready

---An exchange that committed.
---@class mz.Promotion
---@field deployment string
---@field kind "promotion"|"rollback"
---@field epoch integer the one it made
---@field at_ms integer milliseconds since 1970
---@field retired mz.Retired what left production, by the names it bears now
---@field sinks string[] sinks that read something else now
---@field pending_sinks string[]
---@field left_sinks string[] sinks of other roles that still read what left production, in words
---@field stalled_sinks string[] sinks that have stalled since they read something else, in words
---@field replaced string[] materialized views that were replaced in place
---@field held_by string[] others who still read what left production, their SUBSCRIBEs too: it is not dropped before
---@field keep_s integer seconds for which it is to be kept

---Who reads a deployment that is not production.
---@class mz.Shift
---@field deployment string
---@field roles mz.Reader[] in the order in which they were named
---@field unaffected string[] what goes on reading production all the same, in words

---A role whose new sessions read a deployment.
---@class mz.Reader
---@field role string
---@field search_path mz.Moved
---@field cluster mz.Moved? nil where the deployment has no clone of it
---@field open_sessions integer sessions that read production until they connect again
---@field changed boolean whether it was set now; false where it was set before

---A setting of a role.
---@class mz.Moved
---@field before string
---@field after string

---Who reads production again.
---@class mz.Unshift
---@field roles string[] the roles that were put back
---@field left_alone string[] what somebody else had set meanwhile and stays, in words

---What left production.
---@class mz.Retired
---@field schemas string[]
---@field clusters string[]
---@field objects string[] those that changed names one by one

---What was taken over.
---@class mz.Adopted
---@field deployment string? what it is recorded as; nil where nothing was to take over
---@field adopted string[]
---@field differing mz.Difference[] what is not what its file says
---@field missing string[] what production does not have
---@field known integer how many were known before

---An object that is not what its file says.
---@class mz.Difference
---@field name string
---@field file string
---@field reason string
---@field adopted boolean whether it was taken over all the same

---What is gone.
---@class mz.Dropped
---@field deployment string? nil for an overlay
---@field overlay string? the overlay's name, if it was one
---@field objects integer
---@field schemas string[]
---@field clusters string[]
---@field databases string[]? the overlay's databases that are gone

---What stands in a developer's overlay.
---@class mz.Overlay
---@field name string
---@field database string? its first database; its only one in a project of one
---@field databases string[]
---@field objects string[] by their names in the overlay, sorted
---@field built integer objects that were built now
---@field touched string[] their production names, each behind what it reads
---@field reused integer objects that were left alone
---@field dropped integer objects that are gone

---What came of unit tests: all have passed.
---@class mz.UnitTested
---@field passed integer how many tests there were

---What is gone from the server.
---@class mz.Deleted
---@field kind string
---@field name string
---@field file string its file, which stays
---@field dropped boolean whether it stood on the server
---@field still_named_by string[] objects of the project that do not compile without its file

---What no live deployment owns.
---@class mz.Garbage
---@field items mz.GarbageItem[] what can be dropped, oldest first
---@field unrecorded string[] schemas, clusters and objects with a staging name that no record tells of
---@field others string[] what other commands take away, a line each: lost overlays, deletions that were cut

---Something to drop.
---@class mz.GarbageItem
---@field deployment string the deployment whose names it bears
---@field why "expired"|"kept"|"dropping"|"abandoned"|"overtaken"
---@field retired boolean whether it is the version that was replaced: `retired` of `mz.drop`, not `deployment`
---@field age_s integer seconds since it was replaced, or staged
---@field schemas string[]
---@field clusters string[]
---@field objects string[] what stands in schemas that stay
---@field subscribes string[] SUBSCRIBEs over it, in words: they keep it from `mz.drop` without `wait` or `now`

---The state of a checkout.
---@class mz.Git
---@field sha string? the commit
---@field short_sha string? its first seven digits
---@field branch string? nil on a detached HEAD
---@field dirty boolean whether something of the project is not committed

---What is raised; `tostring` makes a line of it.
---@class mz.Error
---@field kind "invalid"|"refused"|"failed"|"outcome-unknown"|"unreachable"|"fenced"|"interrupted" what to do next differs with it
---@field code string stable, such as `stage.already-exists`
---@field message string for people
---@field lines string[] facts below the message
---@field detail string? the server's
---@field hint string? the server's
---@field object string? what it is about
---@field deployment string? what it is about
---@field file string?
---@field line integer?
---@field column integer?
---@field sqlstate string? the server's
---@field cause any the error that a recipe raised this one for
---@field evidence any what `ctx.refuse` was given
---@field traceback string[] the recipe's own lines, innermost first

---A recipe.
---@class mz.Recipe
---@field name string

---A policy.
---@class mz.Policy
---@field name string

---What a policy says.
---@class mz.Verdict
---@field verdict "wait"|"promote"|"abort"
---@field reason string?

---How a deployment and production differ.
---@class mz.Comparison
---@field deployment string
---@field objects mz.ComparedObject[] in the order of their names
---@field added integer rows that only the deployment has, in all objects
---@field removed integer rows that only production has
---@field changed integer rows of one key that differ
---@field allowed integer differing rows that are intended
---@field unexplained integer differing rows that are not, or that nobody judged
---@field at integer? the moment of the last object, in milliseconds since 1970
---@field rehearsed boolean whether nothing was asked, because it is a rehearsal

---How an object of a deployment and production's differ.
---@class mz.ComparedObject
---@field name string production name
---@field kind string
---@field state "same"|"differs"|"new"|"removed" `new` and `removed` have only one side, and no counts
---@field message string the difference in words
---@field rows_blue integer? rows in production
---@field rows_green integer? rows in the deployment
---@field added integer
---@field removed integer
---@field changed integer 0 without a key
---@field allowed integer
---@field unexplained integer
---@field unjudged integer those of `unexplained` that the function was not asked about: there are too many
---@field duplicate_keys mz.DuplicateKeys keys that several rows have; such rows are added or removed where they cannot be paired
---@field columns mz.ColumnDifferences rows are compared by the columns that both have
---@field samples mz.DifferingRow[] some differing rows of each kind, those that are not intended first
---@field at integer? the moment at which both sides were read, in milliseconds since 1970
---@field cluster string? the cluster that computed it, where one was chosen

---How many keys are not one row's.
---@class mz.DuplicateKeys
---@field blue integer in production
---@field green integer in the deployment

---How the columns of two sides differ.
---@class mz.ColumnDifferences
---@field added string[] only the deployment has them
---@field removed string[] only production has them
---@field retyped mz.RetypedColumn[]
---@field reordered boolean whether those that both have stand in another order
---@field as_text string[] those that are compared as text

---A column of another type.
---@class mz.RetypedColumn
---@field name string
---@field blue string its type in production
---@field green string its type in the deployment

---A row that differs.
---@class mz.DifferingRow
---@field object string? whose it is, for a function of `allow`
---@field change "added"|"removed"|"changed"
---@field before table<string, any>? its columns in production, NULL left out; nil of an added one
---@field after table<string, any>? its columns in the deployment, NULL left out; nil of a removed one
---@field allowed boolean? whether it is intended, in samples

---A question that can be asked again and again.
---@class mz.Check
---@field name string
---@field asks string in words

---What a check says.
---@class mz.CheckAnswer
---@field name string? of the check, from `mz.check.run`
---@field verdict "pass"|"fail"|"inconclusive"|"error" `error`: it could not be asked
---@field message string why
---@field evidence any what was seen

---What came of asking checks over time.
---@class mz.Analysis
---@field verdict "pass"|"fail"|"inconclusive"|"error" the worst of the checks: `fail` before `error` before `inconclusive`
---@field reason string why, in one line
---@field samples integer how often it was looked
---@field checks mz.AnalyzedCheck[] in the order of the list, or of their names

---A check over time.
---@class mz.AnalyzedCheck
---@field name string
---@field verdict "pass"|"fail"|"inconclusive"|"error"|"unfinished" `unfinished`: another check ended it first
---@field passed integer answers
---@field failed integer answers
---@field inconclusive integer answers
---@field errors integer looks that gave no answer
---@field last mz.CheckAnswer? the last look

---A look at every check of an analysis.
---@class mz.Sample
---@field sample integer its number, from 1
---@field count integer how many answers each check has to give
---@field checks mz.AnalyzedCheck[] as they stand
---@field verdict string? once it is certain

---What another service has answered.
---@class mz.Response
---@field status integer
---@field headers table<string, string> by name in lower case; several of one name are joined by commas
---@field body string its bytes
---@field json any the body read as JSON, where it is; its nulls are nil
---@field rehearsed boolean whether nothing was sent, because it is a rehearsal

---What became of a message.
---@class mz.Notified
---@field sent boolean whether it was taken
---@field status integer? of the answer, where it was

---A question to which people said yes.
---@class mz.Approved
---@field message string what was asked
---@field approvals mz.Approval[] who agreed, oldest first; empty in a rehearsal

---Somebody's yes.
---@class mz.Approval
---@field by string the role
---@field at number seconds since 1970 in UTC, by the server's clock
---@field comment string? what was said with it

---What a policy decides on: plain data that cannot be changed.
---@class mz.Facts
---@field now mz.FactsNow the time by the server's clock, in the policy's timezone
---@field deployment mz.FactsDeployment what is to become production
---@field run mz.FactsRun the run that wants to promote it
---@field policy mz.FactsPolicy how often this policy was asked before
---@field changes mz.FactsChanges what the deployment changes; in `needs`
---@field hydration mz.FactsHydration how far it has come; in `needs`
---@field compare table<string, mz.FactsCompared> how its rows differ from production's, by object; the end of a name is enough where it is one object's; in `needs`
---@field approvals mz.FactsApproval[] who agreed, oldest first, each role once: while the policy waits, `mzflow approve RUN` does; in `needs`

---A moment.
---@class mz.FactsNow
---@field epoch number seconds since 1970 in UTC
---@field iso string such as `2026-11-30T09:05:00+01:00`
---@field date string such as `2026-11-30`; dates compare as texts
---@field time string such as `09:05`; times of a day compare as texts
---@field year integer
---@field month integer 1 to 12
---@field day integer 1 to 31
---@field hour integer 0 to 23
---@field minute integer 0 to 59
---@field second integer 0 to 59
---@field weekday "Monday"|"Tuesday"|"Wednesday"|"Thursday"|"Friday"|"Saturday"|"Sunday"
---@field iso_weekday integer 1 (Monday) to 7 (Sunday)
---@field timezone string the policy's

---A deployment that is to become production.
---@class mz.FactsDeployment
---@field id string
---@field isolation "cluster"|"schema"|"object" what is swapped as a whole
---@field objects integer objects built
---@field schemas string[] production names of the schemas that change places, or in which objects do
---@field replaced_in string[] schemas that stay, and in which materialized views are replaced
---@field clusters string[] production names of the clusters that change places
---@field staged_at string when its names were first recorded, in UTC
---@field staged_by string role
---@field age_s number seconds since then
---@field commit string? git commit of the project

---The run that wants to promote.
---@class mz.FactsRun
---@field id string
---@field recipe string name of the recipe, or `promote`
---@field args table<string, any> its arguments; durations in seconds
---@field started_by string role

---How often a policy was asked about this deployment in this run, before a resume too.
---@class mz.FactsPolicy
---@field name string
---@field asked integer this time included: 1 at first
---@field since string when it was first asked, in UTC
---@field waited_s number seconds since then

---What a deployment changes: full names by change, in order, and how many there are of each.
---@class mz.FactsChanges
---@field summary mz.FactsSummary
---@field added string[]
---@field changed string[]
---@field removed string[] objects that would be gone
---@field drifted string[] objects that somebody else changed
---@field dependent string[] rebuilt because of what they read
---@field carried string[] rebuilt because of where they stand
---@field reindexed string[] indexes alone, built beside
---@field metadata string[] grants, comments or owner alone

---Numbers of objects by change.
---@class mz.FactsSummary
---@field added integer
---@field changed integer
---@field removed integer
---@field drifted integer
---@field dependent integer
---@field carried integer
---@field reindexed integer
---@field metadata integer

---How far a deployment has come.
---@class mz.FactsHydration
---@field state "ready"|"hydrating"|"lagging"|"failing" the worst of its objects
---@field ready integer objects that are ready
---@field total integer objects in all; plain views do not count
---@field lag_s number? the largest lag that is known
---@field blue_lag_s number? the same of what it would replace
---@field objects mz.FactsHydrated[] in the order of their names
---@field clusters mz.ClusterStatus[] in the order of their names

---How far an object has come.
---@class mz.FactsHydrated
---@field name string production name
---@field state "ready"|"hydrating"|"lagging"|"failing"
---@field lag_s number? seconds behind the server's clock, where known
---@field blue_lag_s number? the same of the object that it would replace, where there is one
---@field reason string? why it is not ready

---How the rows of an object differ from production's. Both are read at one timestamp; rows are compared whole, as `mz.compare` does without a key, so that a changed row is one removed and one added.
---@class mz.FactsCompared
---@field state "same"|"differs"|"new"|"removed" `new` and `removed` have only one side, and no rows
---@field kind string what it is
---@field rows_blue integer? rows in production
---@field rows_green integer? rows in the deployment
---@field added integer rows that only the deployment has
---@field removed integer rows that only production has
---@field columns mz.FactsColumns rows are compared by the columns that both have

---Somebody agreed that the deployment becomes production.
---@class mz.FactsApproval
---@field by string role
---@field at string when, in UTC
---@field age_s number seconds since then
---@field comment string? what was said with it

---How the columns of two sides differ.
---@class mz.FactsColumns
---@field added string[] only the deployment has them
---@field removed string[] only production has them
---@field retyped string[] those of another type
---@field reordered boolean whether those that both have stand in another order

---A test.
---@class mz.Test
---@field name string?

---How a run of a test ended.
---@class mz.Run
---@field status string `done`, `failed`, `refused`, `paused`, `interrupted`, or `killed` by `kill_after`
---@field exit integer? the exit code that `mzflow` would have; nil if it was killed
---@field message string? what the recipe said at its end
---@field error table? `code`, `message` and more of what `--json` tells, if it failed
---@field run string? id of the run
---@field deployment string? the deployment that it was about
---@field changes table? what its last comparison found, as `mz.diff` gives it
---@field statements string[] what it sent that is more than reading, in order
---@field took_s number how much of the test's time it took
---@field log string[] what the recipe told people, what policies said, and warnings

---A statement that a sandbox was sent.
---@class mz.Statement
---@field statement string its text, without secrets
---@field role string who sent it
---@field session integer number of the connection
---@field application string what the connection said of itself; that of `s:sql` is `test`
---@field at_s number when, in seconds since 1970
---@field outcome string `ok`, `running`, `not run`, or the SQLSTATE it failed with
---@field writes boolean whether it is more than reading

---An argument of a recipe.
---@class mz.RecipeArgument
---@field type? "string"|"duration"|"number"|"boolean"|string[] `string`, `duration`, `number`, `boolean`, or a list of choices
---@field default? any what it is where it is not given
---@field help? string what it is for
---@field required? boolean whether it has to be given
---@field many? boolean whether it may be given several times; it is a list then
---@field alias? string another name of its option

---The arguments of `mz.compile`.
---@class mz.CompileArguments
---@field path? string folder of the project, from the project that is run (default ".")
---@field variables? table variables of the project, over the profile's
---@field profile? string profile that chooses variants and variables

---The arguments of `mz.apply`.
---@class mz.ApplyArguments
---@field project mz.Project the project
---@field secrets? "missing"|"all"|"skip" which secrets get their value: those that do not exist yet, all, or none (default "missing")

---The arguments of `mz.adopt`.
---@class mz.AdoptArguments
---@field project mz.Project the project
---@field differing? boolean also objects that are not what their file says, as they stand (default false)

---The arguments of `mz.diff`.
---@class mz.DiffArguments
---@field project mz.Project the project
---@field isolation? "cluster"|"schema"|"object" what is swapped: schemas and clusters, schemas, or single objects by renaming them (default "cluster")
---@field reuse? string|string[] clusters to build on instead of cloning them; `all` for every one
---@field purpose? "deployment"|"overlay" for an overlay nothing is counted, and nothing is shown: mz.create_overlay tells what it builds (default "deployment")

---The arguments of `mz.check`.
---@class mz.CheckArguments
---@field changes mz.Changes what is to be built

---The arguments of `mz.unit_test`.
---@class mz.UnitTestArguments
---@field project mz.Project the project
---@field objects? string|string[] the objects whose tests are run, by their full names; else all

---The arguments of `mz.stage`.
---@class mz.StageArguments
---@field changes mz.Changes what is to be built
---@field id? string the deployment's id; else from the commit, or outside git from the project
---@field clusters? "clone"|"reuse"|table<string, "clone"|"reuse"> clusters to build on instead of cloning them, if not as compared
---@field overwrite_drifted? boolean put the project's version over what somebody else changed (default false)

---The arguments of `mz.hydration_status`.
---@class mz.HydrationStatusArguments
---@field deployment mz.Deployment|string the deployment
---@field allowed_lag? mz.Duration how far behind the server's clock an object may be (default "5m")

---The arguments of `mz.await`.
---@class mz.AwaitArguments
---@field deployment mz.Deployment|string the deployment
---@field timeout? mz.Duration how long to wait (default "30m")
---@field allowed_lag? mz.Duration how far behind the server's clock an object may be (default "5m")
---@field poll? mz.Duration longest pause between two looks (default "1s")
---@field on_progress? fun(status: mz.Status) is called with each look; may only log

---The arguments of `mz.swap`.
---@class mz.SwapArguments
---@field deployment mz.Deployment|string the deployment
---@field keep? mz.Duration how long the replaced version is to be kept for a rollback (default "0s")
---@field force? boolean replace whatever stands in production now (default false)
---@field ready_check? boolean refuse a deployment that is not ready (default true)
---@field allowed_lag? mz.Duration how far behind the server's clock an object may be (default "5m")
---@field leave_sinks? boolean leave sinks that belong to other roles with the replaced version (default false)

---The arguments of `mz.rollback`.
---@class mz.RollbackArguments
---@field promotion? mz.Promotion|string the promotion to take back; else the last one

---The arguments of `mz.drop`.
---@class mz.DropArguments
---@field deployment? mz.Deployment|string a deployment that is not production, to drop
---@field retired? mz.Promotion|string a promotion, to drop the version that it replaced
---@field overtaken? mz.Deployment|string a deployment that is over, to drop what a run has built of it since
---@field overlay? mz.Overlay|string a developer's overlay
---@field project? mz.Project the project that the overlay is of; else the one in this folder, which need not compile
---@field wait? mz.Duration how long to wait for the end of SUBSCRIBEs over it; else they keep it
---@field now? boolean end SUBSCRIBEs over it (default false)

---The arguments of `mz.delete`.
---@class mz.DeleteArguments
---@field project mz.Project the project that has it
---@field kind "cluster"|"role"|"network-policy"|"connection"|"secret"|"source"|"table"|"sink"|"type" what it is
---@field name string its name; of an object as many of its last parts as tell it apart

---The arguments of `mz.gc`.
---@class mz.GcArguments
---@field abandoned? mz.Duration deployments staged so long ago and not production count too
---@field kept? boolean also what is still kept for a rollback (default false)

---The arguments of `mz.compare`.
---@class mz.CompareArguments
---@field deployment mz.Deployment|string the deployment
---@field object? string production name of the view to compare; else every one that was built
---@field objects? string|string[] the same for several
---@field key? string|string[]|table<string, string|string[]> the columns that tell one row: rows of one key are `changed`, not added and removed
---@field allow? string|(fun(row: mz.DifferingRow): boolean?)|table<string, string|(fun(row: mz.DifferingRow): boolean?)> what is intended. A condition in SQL is decided by the server for every differing row: columns go by their names (of a changed row it has to hold before and after), or by `before.x` and `after.x`, and `change` is `added`, `removed` or `changed`. A function is called with each of at most 1,000 differing rows of an object, and says true; it cannot wait
---@field samples? integer so many differing rows of each kind are given, at most 1000 (default 10)
---@field cluster? string the cluster that computes it; else one that has the deployment's object at hand
---@field timeout? mz.Duration how long each object may take (default "5m")

---The arguments of `mz.check.sql`.
---@class mz.CheckSqlArguments
---@field sql string one statement that reads, with `$1`, `$2` where values go in
---@field params? table the values, in order; `mz.json.null` is NULL
---@field expect? "no rows"|boolean|number|{ min?: number, max?: number } `"no rows"`, which is also what it is where it is left out; or the one value that the query gives: `true`, `false`, a number, or bounds of a number (`{ min = 0, max = 5 }`, both included, one may be left out)
---@field name? string what it is called (default "sql")

---The arguments of `mz.check.lag`.
---@class mz.CheckLagArguments
---@field deployment mz.Deployment|string the deployment
---@field max mz.Duration how far behind the server's clock an object may be
---@field name? string what it is called (default "lag")

---The arguments of `mz.check.rows`.
---@class mz.CheckRowsArguments
---@field deployment mz.Deployment|string the deployment
---@field object string production name of a view
---@field min_ratio? number the least, against production's: `0.9` is nine rows of ten
---@field max_ratio? number the most, against production's
---@field min? number the least number of rows
---@field max? number the most rows
---@field cluster? string the cluster that counts; else one that has the deployment's object at hand
---@field timeout? mz.Duration how long it may take (default "5m")
---@field name? string what it is called (default "rows")

---The arguments of `mz.check.compare`.
---@class mz.CheckCompareArguments
---@field deployment mz.Deployment|string the deployment
---@field object? string production name of the view to compare; else every one that was built
---@field objects? string|string[] the same for several
---@field key? string|string[]|table<string, string|string[]> the columns that tell one row: rows of one key are `changed`, not added and removed
---@field allow? string|(fun(row: mz.DifferingRow): boolean?)|table<string, string|(fun(row: mz.DifferingRow): boolean?)> what is intended. A condition in SQL is decided by the server for every differing row: columns go by their names (of a changed row it has to hold before and after), or by `before.x` and `after.x`, and `change` is `added`, `removed` or `changed`. A function is called with each of at most 1,000 differing rows of an object, and says true; it cannot wait
---@field samples? integer so many differing rows of each kind are given, at most 1000 (default 10)
---@field cluster? string the cluster that computes it; else one that has the deployment's object at hand
---@field timeout? mz.Duration how long each object may take (default "5m")
---@field schema? "fail"|"report" what columns that are gone, of another type or in another order, and objects that are gone, are worth (default "fail")
---@field name? string what it is called (default "compare")

---The arguments of `mz.check.http`.
---@class mz.CheckHttpArguments
---@field url string where to; the rules of `mz.http` hold
---@field method? "GET"|"HEAD"|"POST" what to do (default "GET")
---@field headers? table by name; their values are told nobody else
---@field json? any a value that is sent as JSON
---@field body? string a text that is sent as it is
---@field expect_status? integer the status of the answer; left out, any of success
---@field json_path? string where in the answer's JSON a value is, such as `data.rates[0].value`; lists count from 0
---@field expect? "no rows"|boolean|number|{ min?: number, max?: number } what that value has to be: `true`, `false`, a number, or bounds of a number (`{ min = 0, max = 5 }`, both included, one may be left out)
---@field timeout? mz.Duration how long each attempt may take (default "30s")
---@field retries? integer how often to try again after a pause; as in `mz.http`
---@field name? string what it is called (default "http")

---The arguments of `mz.analyze`.
---@class mz.AnalyzeArguments
---@field checks (mz.Check|(fun(): string, string?, any))[]|table<string, mz.Check|(fun(): string, string?, any)> what is asked; a function stands for a check too, and returns `"pass"`, `"fail"` or `"inconclusive"`, then a message and evidence if it likes
---@field interval? mz.Duration the time between two looks (default "30s")
---@field count? integer how many answers each check has to give (default 1)
---@field initial_delay? mz.Duration the time before the first look (default "0s")
---@field failure_limit? integer how many answers of a check may be `fail` (default 0)
---@field inconclusive_limit? integer how many answers of a check may be `inconclusive` (default 0)
---@field consecutive_errors? integer how many times in a row a check may be an `error`: that is no answer, and it is asked again (default 4)
---@field on_sample? fun(sample: mz.Sample) is called with each look
---@field label? string the word that stands before its lines (default "analyze")
---@field title? string what is analysed, for people
---@field note? string what people should know meanwhile, such as what Ctrl-C does

---The arguments of `mz.shift`.
---@class mz.ShiftArguments
---@field deployment mz.Deployment|string what the roles are to read
---@field role? string the role: either this or `roles`
---@field roles? string|string[] several roles; a later call adds others
---@field database? string the database that the roles' sessions are in, where a schema of that name is in several
---@field ready_check? boolean refuse a deployment that is not ready (default true)
---@field allowed_lag? mz.Duration how far behind the server's clock an object may be (default "5m")

---The arguments of `mz.unshift`.
---@class mz.UnshiftArguments
---@field deployment? mz.Deployment|string the deployment that roles read; else any
---@field role? string the role: this, `roles`, or all that read it
---@field roles? string|string[] several roles

---The arguments of `mz.create_overlay`.
---@class mz.CreateOverlayArguments
---@field changes mz.Changes what differs from production
---@field cluster string the cluster that everything of the overlay runs on
---@field name string the overlay's name
---@field downstream? "all"|"none" whether what reads a changed object goes with it (default "all")
---@field timeout? mz.Duration how long a new version may take to catch up (default "10m")

---The arguments of `mz.approve`.
---@class mz.ApproveArguments
---@field message string what people are asked; it tells the question from others of the run
---@field timeout? mz.Duration how long to wait before the run is paused; left out, a terminal waits without an end and everything else is paused at once
---@field approvals? integer how many people have to agree; each role counts once (default 1)
---@field from? string|string[] the roles that count; left out, every role does

---The arguments of `mz.http`.
---@class mz.HttpArguments
---@field url string where to: https, and http on this machine only
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE" what to do (default "GET")
---@field headers? table by name; their values are told nobody else
---@field json? any a value that is sent as JSON
---@field body? string a text that is sent as it is
---@field timeout? mz.Duration how long each attempt may take (default "30s")
---@field retries? integer how often to try again after a pause; left out, 2 for GET, HEAD, PUT and DELETE, else 0

---The arguments of `mz.notify`.
---@class mz.NotifyArguments
---@field webhook string URL of the webhook, usually from `mz.env`; it is shown nowhere
---@field text string the message
---@field fields? table what else the JSON document has beside `text`
---@field required? boolean whether it is an error that nobody is notified (default false)
---@field timeout? mz.Duration how long each attempt may take (default "30s")
---@field retries? integer how often to try again after a pause; left out, 2

---The arguments of `mz.recipe`.
---@class mz.RecipeArguments
---@field api integer version of this interface: 1
---@field name string what people type
---@field summary string one sentence for `mzflow recipes`
---@field args? table<string, mz.RecipeArgument> its arguments by name: the options of `mzflow run`
---@field hooks? string[]|table<string, fun(ctx: mz.Context, ...): any> names of hooks; with `extends`, functions by the names of its hooks
---@field run? fun(ctx: mz.Context) what it does: `function(ctx)`
---@field on_fail? fun(ctx: mz.Context, err: mz.Error) is called with `ctx` and the error when it failed
---@field extends? string the recipe that this one changes, instead of `run`

---The arguments of `mz.policy`.
---@class mz.PolicyArguments
---@field api integer version of this interface: 1
---@field name string what people call it
---@field summary? string one sentence
---@field needs ("now"|"deployment"|"run"|"policy"|"changes"|"hydration"|"compare"|"approvals")[] names of the facts that are to be collected before it is asked
---@field timezone? string IANA name, such as `Europe/Berlin`, for `facts.now` (default "UTC")
---@field poll? mz.Duration pause before it is asked again, from 1 s to 1 h (default "10s")
---@field decide fun(facts: mz.Facts): mz.Verdict is called with the facts and returns a verdict

---The arguments of `mz.test`.
---@class mz.TestArguments
---@field name? string what it is called in reports; without it, the file's name
---@field run fun(t: mz.Expect) the test itself: `function(t)`, with what it expects in `t`
---@field now? string when it begins, in its own time: the default is a Monday morning (default "2026-01-05T09:00:00Z")
---@field timeout? mz.Duration how much of its own time it may take (default "24h")
---@field crash? "last"|"all"|"none" what `mzflow test --crash` cuts at every statement: in each sandbox its last run and what follows, all of them, or nothing (default "last")
---@field after_crash? fun(t: mz.Expect, s: mz.Sandbox) is called with `t` and the sandbox when a run was cut and has gone on: expects what must hold always

---The arguments of `mz.test.sandbox`.
---@class mz.TestSandboxArguments
---@field hydration? mz.Duration how long each index and materialized view takes to be ready (default 0)
---@field latency? mz.Duration how long each statement takes (default 0)
---@field rbac? boolean whether rights are checked; it is set up then, and runs are a deployer's (default false)
---@field project? string folder of the project, below the one that is tested (default ".")
---@field profile? string profile of the project whose variables and files count
---@field files? table texts by path: they count instead of those of the project, as by `edit`
---@field env? table the environment variables; a test sees no others

mz.json = {}

---Declares a test, and opens sandboxes for one.
---@class mz.Testing
---@overload fun(arguments: mz.TestArguments): mz.Test
mz.test = {}

---What git says of the project; outside git its fields are nil and `dirty` is false.
---@type mz.Git
mz.git = nil

---The null of JSON and the NULL of a query's parameters.
---@type lightuserdata
mz.json.null = nil

---Reads the project into objects with full names, dependencies and fingerprints. Touches no server. Raises `compile.failed` with every mistake at its place.
---@param arguments? mz.CompileArguments
---@return mz.Project
function mz.compile(arguments) end

---Makes the tracking database, whatever of it is missing.
---@param arguments? {}
---@return mz.Setup
function mz.setup(arguments) end

---Creates and reconciles what is not blue/green: databases, clusters, roles, secrets, connections, sources, tables. Drops nothing.
---@param arguments mz.ApplyArguments
---@return mz.Applied
function mz.apply(arguments) end

---Takes over what was built by hand, with dbt or with mz-deploy: writes down what stands under the project's names, and touches none of it.
---@param arguments mz.AdoptArguments
---@return mz.Adopted
function mz.adopt(arguments) end

---Compares the project with production and says what a deployment would change, why, and at what cost.
---@param arguments mz.DiffArguments
---@return mz.Changes
function mz.diff(arguments) end

---Lets the server check the query of everything that would be built, and creates nothing. Raises `compile.failed` with every complaint at its place.
---@param arguments mz.CheckArguments
---@return mz.Checked
function mz.check(arguments) end

---Runs unit tests of views, and creates nothing. Raises `test.failed` with a line for each that does not pass.
---@param arguments mz.UnitTestArguments
---@return mz.UnitTested
function mz.unit_test(arguments) end

---Builds beside production what has to be rebuilt, under staging names that nobody reads. After a crash, or a refusal and a mended file, it goes on with what is there.
---@param arguments mz.StageArguments
---@return mz.Deployment
function mz.stage(arguments) end

---Looks once how far a deployment has come.
---@param arguments mz.HydrationStatusArguments
---@return mz.Status
function mz.hydration_status(arguments) end

---Looks until everything is ready. Raises `hydration.failing` at once when a cluster cannot make progress, and `hydration.timeout` with what was missing.
---@param arguments mz.AwaitArguments
---@return mz.Status
function mz.await(arguments) end

---Exchanges a ready deployment with production, in one transaction: readers see all of the old version or all of the new one.
---@param arguments mz.SwapArguments
---@return mz.Promotion
function mz.swap(arguments) end

---Makes the version that a promotion replaced production again, under the same rules as a swap.
---@param arguments? mz.RollbackArguments
---@return mz.Promotion
function mz.rollback(arguments) end

---Drops what stands under a deployment's staging names or was made for an overlay, and nothing else: `deployment`, `retired`, `overtaken`, or `overlay`. What others still read is refused.
---@param arguments? mz.DropArguments
---@return mz.Dropped
function mz.drop(arguments) end

---Drops one thing of the project that is not blue/green, without CASCADE; its file stays. What depends on it is refused, with owners.
---@param arguments mz.DeleteArguments
---@return mz.Deleted
function mz.delete(arguments) end

---Finds what no live deployment owns any more, and drops nothing: hand each item to `mz.drop`.
---@param arguments? mz.GcArguments
---@return mz.Garbage
function mz.gc(arguments) end

---Runs a statement that reads, in a transaction that can do nothing else. Values are typed parameters, never part of the text.
---@param sql string one statement that reads, with `$1`, `$2` where values go in
---@param params? table the values, in order; `mz.json.null` is NULL
---@return table<string, any>[] # the rows; in each the columns by name, NULL left out
function mz.query(sql, params) end

---Tells the exact difference of what a deployment built and what production has. The server computes it, each object at one timestamp; counts and samples are all that travels, and nothing is created. Without a key rows are counted with how often they are there. NULL equals NULL, NaN equals NaN, -0.0 equals 0.0; lists, maps, records, arrays and columns of another type are compared as text. A difference is never an error: the recipe decides.
---@param arguments mz.CompareArguments
---@return mz.Comparison
function mz.compare(arguments) end

---Makes a check of a query. No row where a value is expected, NULL, and NaN are `inconclusive`; so is a query that the server gave up waiting for.
---@param arguments mz.CheckSqlArguments
---@return mz.Check # a value that asks nothing until it is run
function mz.check.sql(arguments) end

---Makes a check of a deployment's lag. One that hydrates is `inconclusive`, one that cannot make progress fails.
---@param arguments mz.CheckLagArguments
---@return mz.Check # a value that asks nothing until it is run
function mz.check.lag(arguments) end

---Makes a check of how many rows an object of a deployment has, against production's, both counted at one timestamp. A ratio to no rows at all, or to an object that production does not have, is `inconclusive`.
---@param arguments mz.CheckRowsArguments
---@return mz.Check # a value that asks nothing until it is run
function mz.check.rows(arguments) end

---Makes a check of `mz.compare`: a differing row that is not intended fails, whatever it is. What is not compared in time is `inconclusive`.
---@param arguments mz.CheckCompareArguments
---@return mz.Check # a value that asks nothing until it is run
function mz.check.compare(arguments) end

---Makes a check of another service's answer. Another status fails; a value that is not there, and null, are `inconclusive`; no answer, and one that is no JSON, are `error`. A function that calls `mz.http` judges anything else.
---@param arguments mz.CheckHttpArguments
---@return mz.Check # a value that asks nothing until it is run
function mz.check.http(arguments) end

---Asks a check once.
---@param check mz.Check|(fun(): string, string?, any) it
---@return mz.CheckAnswer
function mz.check.run(check) end

---Asks checks again and again until the verdict is certain. A check fails, or is inconclusive, with the first answer beyond its limit, is an error with the first beyond `consecutive_errors`, and passes once it has given its answers. The first check that does not pass ends it, and so does the last that passes. It does not raise: the recipe decides. A resumed run asks anew, because the answers are about the present; a rehearsal says what it would ask, and the verdict follows `--assume`.
---@param arguments mz.AnalyzeArguments
---@return mz.Analysis
function mz.analyze(arguments) end

---Lets new sessions of roles read a deployment that is not production: sets each role's `search_path` and `cluster` to the staging names, and records what they were. Checks before anything is set that the roles may read there what they may read in production. Sessions that are open, and names that are qualified with their schema, go on reading production. `mz.unshift`, a swap, a drop, and a run that fails put the roles back.
---@param arguments mz.ShiftArguments
---@return mz.Shift
function mz.shift(arguments) end

---Lets new sessions of roles read production again: their settings become what they were before `mz.shift`. What somebody else has set meanwhile stays. Where no role is shifted, nothing happens.
---@param arguments? mz.UnshiftArguments
---@return mz.Unshift
function mz.unshift(arguments) end

---Builds the views and materialized views that differ from production, and what reads them, in a database `<database>__<name>` beside production's; everything else they read is production's. What stands there already is left alone. A new version is built under a temporary name and takes the old one's in one transaction, once it has caught up; when it fails, the old one stays and `overlay.failed` is raised after everything else was built. A cluster that runs production is refused.
---@param arguments mz.CreateOverlayArguments
---@return mz.Overlay
function mz.create_overlay(arguments) end

---Asks people whether the run may go on. On a terminal it asks there (`--yes` is no answer), and `mzflow approve RUN` answers from anywhere; who answered is the role that the server knows. When the time is over the run ends as paused with exit code 5, which nothing can catch: what was deferred is called, `on_fail` is not, and `mzflow approve RUN` lets it go on. A no is the error `approval.denied`. A resumed run asks the same message again and finds the answers; another message is another question. A rehearsal tells what would be asked and goes on.
---@param arguments mz.ApproveArguments
---@return mz.Approved # who agreed
function mz.approve(arguments) end

---Calls another service. Only hosts that `allow_hosts` of the profile lists may be called (`host`, `host:port`, `*.domain`); without a profile it is this machine alone. An answer may be 1 MiB long and may lead on, up to five times, to the same origin. It is tried again where nobody is there, and with status 5xx or 429 where the method is idempotent or `retries` is given. A status is no error; no answer is `http.failed`. Neither URL nor headers are shown or recorded, only the host. What it does over there is done again by a resumed run: wrap it in `mz.step`. A rehearsal sends nothing and gives an empty answer with status 200.
---@param arguments mz.HttpArguments
---@return mz.Response # whatever the status is
function mz.http(arguments) end

---Posts a JSON document `{"text": …}` to a webhook, under the rules of `mz.http`. Where that fails it is a warning, unless it is required. A resumed run notifies again: wrap it in `mz.step` where that matters. A rehearsal sends nothing.
---@param arguments mz.NotifyArguments
---@return mz.Notified
function mz.notify(arguments) end

---Declares a recipe; the file returns it.
---@param arguments mz.RecipeArguments
---@return mz.Recipe # what the file has to return
function mz.recipe(arguments) end

---Does a side effect of yours once in a run. Its result is recorded, and a resumed run gets the result instead of doing it again.
---@param name string unique in its run
---@param fn function does it, and returns what JSON can hold
---@return any # what `fn` returned, this time or before the run was resumed
function mz.step(name, fn) end

---Calls a function when the run ends, however it ends; the last one that was deferred comes first.
---@param fn function cleans up
function mz.defer(fn) end

---Calls a function and gives its error as a value. A stop that was asked for, the run's deadline, and a run that another process has taken over cannot be caught.
---@param fn function may raise an error
---@return any # what `fn` returned, or nil and the error
---@return mz.Error?
function mz.try(fn) end

---Waits; Ctrl-C and the run's deadline end the wait. A rehearsal does not wait.
---@param duration mz.Duration how long
function mz.sleep(duration) end

---Tells the time.
---@return number # seconds since 1970 in UTC
function mz.now() end

---Reads a duration.
---@param text mz.Duration such as `90s`, `5m`, `1h`
---@return number # seconds
function mz.duration(text) end

---Reads an environment variable.
---@param name string of the variable
---@param default? string what it is where it is not set
---@return string? # nil where it is not set
function mz.env(name, default) end

---Makes a random id.
---@return string # such as `0f8fad5b-d9cb-469f-a165-70867728950e`
function mz.uuid() end

---Writes a value as JSON.
---@param value any a table, a string, a number, a boolean
---@return string # JSON, keys in order
function mz.json.encode(value) end

---Reads JSON.
---@param text string JSON
---@return any # null is `mz.json.null`
function mz.json.decode(text) end

---Tells people something.
---@param message any a line; what is no string is written as JSON
---@param level? "debug"|"info"|"warn" how important it is (default "info")
function mz.log(message, level) end

---Tells how far something has come; the next one takes its place.
---@param message string what is under way
---@param done? integer how much of it is done
---@param total? integer how much there is in all
function mz.progress(message, done, total) end

---Runs functions at once and waits for all of them. Calls that work with the environment take turns in the order in which they ask; sleeps, the pauses of mz.await, mz.http and approvals overlap. When one fails, the others stop where they next wait, except that a step (mz.step) which is under way is finished and recorded first; when all have ended the first error is raised, with those of the others beside it. What a function defers is called at the end of the run.
---@param functions (fun(): any)[] from 1 to 64, at most 8 levels deep; each runs in a coroutine of its own
---@return any[] # what each function returned, in the order of the list; nil where it returned nothing
function mz.parallel(functions) end

---Declares a policy; the file returns it. It is asked before every swap of a run with `--policy`.
---@param arguments mz.PolicyArguments
---@return mz.Policy # what the file has to return
function mz.policy(arguments) end

---Not yet: the policy is asked again after `poll`.
---@param reason string what is waited for; the same words while it is the same, so that the record stays short
---@return mz.Verdict # what `decide` has to return
function mz.wait(reason) end

---The deployment may become production, if every other policy says so, too.
---@param reason? string why, for the record
---@return mz.Verdict # what `decide` has to return
function mz.promote(reason) end

---The deployment must not become production: the run ends with `policy.aborted`, and the deployment stays.
---@param reason string what is wrong
---@return mz.Verdict # what `decide` has to return
function mz.abort(reason) end

---Opens an empty sandbox for a test. Time in it is the test's own: it stands still while anything is done, and is over at once when everything waits.
---@param arguments? mz.TestSandboxArguments
---@return mz.Sandbox # nobody else has it, and it is gone when the test ends
function mz.test.sandbox(arguments) end

---A sandbox of a test. Its functions may be called with a colon or with a dot.
---@class mz.Sandbox
local s = {}

---Runs a recipe, as `mzflow run` does.
---@param recipe string a bundled one, one of the project's `recipes/`, or a file
---@param options? table the recipe's arguments by name, and what else `mzflow run` takes: `policy`, `policy_timeout`, `deadline`, `yes`, `dry_run`
---@return mz.Run # how it ended: a run that failed is no error of the test
function s:run(recipe, options) end

---Goes on with a run that was cut or has stopped, as `mzflow resume` does.
---@param run? string id of the run; without it, the last one
---@return mz.Run # how it ended
function s:resume(run) end

---Drops a staged deployment, as `mzflow abort` does.
---@param deployment mz.Deployment|string the deployment to drop
---@return mz.Run # how it ended
function s:abort(deployment) end

---Takes a promotion back, as `mzflow rollback` does.
---@param deployment? mz.Deployment|string whose promotion is taken back; without it, the last one
---@return mz.Run # how it ended
function s:rollback(deployment) end

---Answers what the last run asks, as `mzflow approve` does.
---@param answer? "approved"|"denied" yes or no (default "approved")
---@param message? string what to say with it
---@return mz.Run # how that ended; `s:resume` goes on with a run that has paused
function s:approve(answer, message) end

---Sends a statement on a connection of its own, as somebody else than the run.
---@param sql string one statement
---@param params? table its parameters, `$1` first; NULL is `mz.json.null`
---@param role? string who sends it; without it, `materialize`
---@return table[] # the rows, each by the names of its columns; NULL is nil
function s:sql(sql, params, role) end

---Tells every statement that anybody has sent to the sandbox.
---@return mz.Statement[] # oldest first
function s:transcript() end

---Changes files of the project, for this sandbox alone.
---@param files table texts by path below the project; `false` removes a file
function s:edit(files) end

---Lets the replicas of a cluster run out of memory again and again.
---@param cluster string its name, which stands for its clones too, or a pattern with `%`
function s:fail_replica(cluster) end

---Ends what `fail_replica` began.
function s:heal_replica() end

---Lets the next commit that changes the catalog fail, as if somebody else had changed it meanwhile.
---@param times? integer how often (default 1)
function s:conflict_next(times) end

---Lets the next run die right behind a statement, before it hears of its answer, as a process that is killed.
---@param statement any the number of the statement in `run.statements`, or a pattern such as `"ALTER SCHEMA%"`
function s:kill_after(statement) end

---Lets something else go wrong.
---@param fault string such as `error '57P01' on 'COMMIT'`, as docs/sandbox.md has them
function s:fault(fault) end

---Asks the run to stop, as Ctrl-C does; for a function of `at`.
function s:interrupt() end

---Lets something happen later.
---@param after mz.Duration how long from now
---@param fn function what happens then, while a run goes on or the test sleeps
function s:at(after, fn) end

---What a test expects. An expectation that does not hold ends the test.
---@class mz.Expect
local t = {}

---Expects two values to be alike; tables are compared by content.
---@param actual? any what there is
---@param expected? any what there has to be
---@param message? string what it is about
function t.equal(actual, expected, message) end

---Expects something to be true.
---@param value? any what must be neither nil nor false
---@param message? string what it is about
function t.ok(value, message) end

---Expects a text to be like a pattern.
---@param text? any a text, or what is written as JSON
---@param pattern string `%` stands for any text; case does not count
---@param message? string what it is about
function t.match(text, pattern, message) end

---Expects texts that are like some patterns, in their order.
---@param list table texts, such as `run.statements`, or what `s:transcript()` gives
---@param patterns string|string[] `%` stands for any text; others may stand in between
---@param message? string what it is about
function t.sequence(list, patterns, message) end

---Expects as many texts to be like a pattern.
---@param list table texts, such as `run.statements`, or what `s:transcript()` gives
---@param pattern string `%` stands for any text
---@param times integer how many have to be like it; 0 for none
---@param message? string what it is about
function t.count(list, pattern, times, message) end

---Expects a function to raise an error.
---@param fn function has to raise an error
---@param code? string the error's code or SQLSTATE
---@return mz.Error # the error
function t.fails(fn, code) end

---Lets time pass; what `s:at` has planned for it happens.
---@param duration mz.Duration how long, in the test's own time
function t.sleep(duration) end
